//! What of a run can be rendered, and the way back: from a finding in what a tool has made of a chart or a kustomization to the
//! place in the source that it comes from.

use std::{collections::HashSet, sync::Arc};

use podgate_engine::syntax::{Path, path::Segment, yaml::Place};
use serde_json::Value;

use crate::{
    Excerpt, Outcome, Spot,
    input::Input,
    source::{self, Lines},
    tree::{Role, Tree},
};

/// A chart or a kustomization, which a tool makes objects of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Tells which of the two.
    pub kind: SourceKind,
    /// The folder, as files are called.
    pub folder: String,
    /// The file that makes it what it is: `Chart.yaml` or the kustomization.
    pub file: String,
    /// The inputs that go into it, those that change others first.
    pub parts: Vec<String>,
}

/// The two that there are tools for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A Helm chart.
    Chart,
    /// A kustomization, and whether it makes objects of charts in turn.
    Kustomization {
        /// Tells whether it does.
        inflates_charts: bool,
    },
}

/// Returns what can be rendered of a run: charts that no other chart brings along, and kustomizations that no other takes.
pub fn sources<I: Input>(folder: &str, inputs: &[I], around: &[I]) -> Vec<Source> {
    let tree = Tree::of(folder, inputs, around);
    let names: Vec<(String, &str)> = inputs.iter().map(|input| (tree.path(input.name()), input.name())).collect();
    let mut found: Vec<Source> = Vec::new();
    for (path, name) in names.iter().filter(|(_, name)| tree.role(name) == Role::Template) {
        let Some(chart) = tree.outer_chart(path) else { continue };
        let folder = tree.name(chart).to_owned();
        match found.last_mut().filter(|last| last.folder == folder) {
            Some(last) => last.parts.push((*name).to_owned()),
            None => found.push(Source {
                kind: SourceKind::Chart,
                file: format!("{folder}/Chart.yaml"),
                folder,
                parts: vec![(*name).to_owned()],
            }),
        }
    }
    for root in tree.roots() {
        let (mut changing, mut others) = (HashSet::new(), HashSet::new());
        tree.parts(root, |path, changes| {
            let set = if changes { &mut changing } else { &mut others };
            set.insert(path.to_owned());
        });
        let of = |set: &HashSet<String>| -> Vec<String> {
            names.iter().filter(|(path, _)| set.contains(path)).map(|(_, name)| (*name).to_owned()).collect()
        };
        let parts: Vec<String> = [of(&changing), of(&others)].concat();
        // One above the run that nothing in it goes into is not meant.
        let is_meant = |file: &str| !parts.is_empty() || names.iter().any(|(path, _)| path == file);
        let Some((file, inflates_charts)) = tree.kustomization(root).filter(|(file, _)| is_meant(file)) else {
            continue;
        };
        let folder = tree.name(file).rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
        let kind = SourceKind::Kustomization { inflates_charts };
        found.push(Source { kind, folder, file: tree.name(file).to_owned(), parts });
    }
    found
}

/// The text of a source or of what was made of it, taken apart.
struct Document<'t> {
    name: &'t str,
    lines: &'t Lines<'t>,
    part: source::Part,
    number: usize,
    value: Value,
}

fn documents<'t>(name: &'t str, lines: &'t Lines<'t>) -> Vec<Document<'t>> {
    let mut found = Vec::new();
    for part in source::parts(lines.text()) {
        let values: Vec<Value> = part
            .read(lines)
            .unwrap_or_default()
            .iter()
            .map(|document| serde_json::from_str(&document.json).unwrap_or_default())
            .collect();
        let document = |(number, value)| Document { name, lines, part: part.clone(), number, value };
        found.extend((0..).zip(values).map(document));
    }
    found
}

/// Gives what was found in `rendered`, which a tool has made of `source`, the place that it comes from: where the same field
/// stands in one of the source's texts, each given with its name; else the file that makes the source what it is.
pub fn relocate(outcome: &mut Outcome, source: &Source, rendered: &str, texts: &[(String, String)]) {
    let made_lines = Lines::of(rendered);
    let made = documents(&source.file, &made_lines);
    let lines: Vec<(&str, Lines<'_>)> = texts.iter().map(|(name, text)| (name.as_str(), Lines::of(text))).collect();
    let is_chart = source.kind == SourceKind::Chart;
    // Sources of charts are no YAML.
    let originals: Vec<Document<'_>> =
        lines.iter().filter(|_| !is_chart).flat_map(|(name, lines)| documents(name, lines)).collect();
    let own = |spot: &&mut Spot| *spot.file == *source.file;
    let spots = outcome.findings.iter_mut().map(|finding| &mut finding.spot);
    let spots = spots.chain(outcome.notices.iter_mut().map(|notice| &mut notice.spot));
    for spot in spots.filter(own) {
        let before = rendered.lines().take(spot.place.line);
        let template =
            before.filter_map(|line| line.strip_prefix("# Source: ")).last().and_then(|path| path.split_once('/'));
        if let Some((_, within)) = template.filter(|_| is_chart) {
            let name = format!("{}/{within}", source.folder);
            move_to(
                spot,
                texts.iter().find(|(known, _)| *known == name).map_or(&name, |(known, _)| known),
                Place::START,
                "",
            );
            continue;
        }
        let object =
            made.iter().map(|document| &document.value).find(|value| is_called(value, spot, |one, other| one == other));
        let origin = object.and_then(|object| {
            let wanted =
                originals.iter().filter(|document| is_called(&document.value, spot, |one, other| one.contains(other)));
            let mut origins: Vec<(&Document<'_>, Same)> = wanted
                .filter_map(|document| Some((document, same_field(object, &document.value, &spot.path)?)))
                .collect();
            // What stands in a patch has the last word. What stands nowhere is missing in the object, not in its patch.
            let whole = origins.iter().position(|(_, same)| same.is_whole);
            whole.map(|index| origins.swap_remove(index)).or_else(|| origins.pop())
        });
        match origin {
            Some((document, same)) => {
                let place = document.part.places(document.lines, &[(document.number, same.path)]);
                let place = place.first().copied().unwrap_or(Place::START);
                move_to(spot, document.name, place, document.lines.line(place.line));
            }
            None => move_to(spot, &source.file, Place::START, ""),
        }
    }
}

/// Takes out what several renderings of one source have said alike, and brings the rest in order.
pub fn settle(outcome: &mut Outcome) {
    let key = |finding: &crate::Located| {
        let Spot { file, place, object, path, .. } = &finding.spot;
        (
            Arc::clone(file),
            *place,
            finding.rule.id,
            path.to_string(),
            object.kind.clone(),
            object.name.clone(),
            finding.message.clone(),
        )
    };
    outcome.findings.sort_by_cached_key(key);
    outcome.findings.dedup_by(|one, other| key(one) == key(other));
    outcome.notices.sort_by(|one, other| (&one.spot.file, one.spot.place).cmp(&(&other.spot.file, other.spot.place)));
}

fn move_to(spot: &mut Spot, file: &str, place: Place, line: &str) {
    spot.file = file.into();
    spot.place = place;
    spot.excerpt = Excerpt::of_line(place, line);
    spot.template = None;
}

/// Returns whether a document is the object of a spot: its kind, and `alike` for the two names.
fn is_called(value: &Value, spot: &Spot, alike: impl Fn(&str, &str) -> bool) -> bool {
    let name = value.pointer("/metadata/name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let kind = value.get("kind").and_then(Value::as_str);
    kind == Some(&spot.object.kind) && name.is_some_and(|name| alike(&spot.object.name, name))
}

/// Tells where a field stands in a source.
struct Same {
    path: Path,
    /// Tells whether it is the field itself, not one above it.
    is_whole: bool,
}

/// Returns the path in `original` of the field that stands in `made` at `path`, or at the nearest field above that is there:
/// items of lists are found by their name. `None` where it is not there, or is another value.
fn same_field(made: &Value, original: &Value, path: &Path) -> Option<Same> {
    let (mut made, mut original, mut found) = (made, original, Path::default());
    for segment in path.segments() {
        match segment {
            Segment::Key(key) => {
                let Some(next) = made.get(&**key) else { break };
                (made, original) = (next, original.get(&**key)?);
                found = found.key(key.clone());
            }
            Segment::Index(index) => {
                let Some(next) = made.get(*index) else { break };
                let named = |item: &Value| {
                    next.get("name").is_some_and(|name| name.is_string() && item.get("name") == Some(name))
                };
                let at = original.as_array()?.iter().position(named).unwrap_or(*index);
                (made, original) = (next, original.get(at)?);
                found = found.index(at);
            }
        }
    }
    let is_whole = found.segments().len() == path.segments().len();
    (made.is_object() || made.is_array() || made == original).then_some(Same { path: found, is_whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Check, Text};
    use podgate_engine::policy::Engine;

    struct Rendered(Text);

    impl Input for Rendered {
        fn name(&self) -> &str {
            &self.0.name
        }
        fn read(&self) -> std::io::Result<String> {
            self.0.read()
        }
        fn is_rendered(&self) -> bool {
            true
        }
    }

    const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
        metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: app, image: a, volumeMounts: [{name: data, mountPath: /a}]}\n";
    const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
        containers:\n      - name: app\n      - name: proxy\n        image: b\n        readinessProbe: {httpGet: {path: /, port: nope}}\n";
    const MADE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: prod-web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
        metadata: {labels: {app: web}}\n    spec:\n      restartPolicy: never\n      containers:\n      - name: proxy\n        image: b\n        readinessProbe: {httpGet: {path: /, port: nope}}\n      \
        - {name: app, image: a, volumeMounts: [{name: data, mountPath: /a}]}\n";

    #[test]
    fn findings_go_back_to_where_their_field_stands() {
        let engine = Engine::default();
        let made = [Rendered(Text { name: "prod/kustomization.yaml".to_owned(), text: MADE.to_owned() })];
        let check = Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] };
        let mut outcome = check.run(&made, &|_| {});
        let source = Source {
            kind: SourceKind::Kustomization { inflates_charts: false },
            folder: "prod".to_owned(),
            file: "prod/kustomization.yaml".to_owned(),
            parts: Vec::new(),
        };
        let texts = [("prod/patch.yaml".to_owned(), PATCH.to_owned()), ("base/web.yaml".to_owned(), BASE.to_owned())];
        relocate(&mut outcome, &source, MADE, &texts);
        settle(&mut outcome);
        let at = |rule: &str| {
            let finding = outcome.findings.iter().find(|finding| finding.rule.id == rule);
            finding
                .map(|finding| format!("{}:{} {}", finding.spot.file, finding.spot.place, finding.spot.path))
                .unwrap_or_default()
        };
        assert_eq!(
            at("undeclared-volume"),
            "base/web.yaml:10:47 spec.template.spec.containers[1].volumeMounts[0].name"
        );
        assert_eq!(
            at("unresolved-named-port"),
            "prod/patch.yaml:11:45 spec.template.spec.containers[0].readinessProbe.httpGet.port"
        );
        assert_eq!(at("invalid-restart-policy"), "prod/kustomization.yaml:1:1 spec.template.spec.restartPolicy");
    }
}
