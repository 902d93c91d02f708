//! Policy text to [`LifecyclePolicy`]. Errors carry file, line, column and, where a name is misspelt, a suggestion.

use std::{collections::HashMap, fmt};

use serde_json::Value;
use thiserror::Error;

use super::{
    LifecyclePolicy,
    messages::message,
    problems::problems,
    rule_settings::{Fault, RuleSetting},
};
use crate::syntax::{
    Path,
    path::Segment,
    value::{ValueError, from_value},
    yaml::{self, Document, Place},
};

/// Tells how many mistakes are looked for: a text that is no policy at all has one in every line.
const MAX_MISTAKES: usize = 20;

/// A text that is no policy.
#[derive(Debug, Error)]
#[error("{}", lines(origin, mistakes))]
pub struct PolicyError {
    /// File name, or what the text is.
    pub origin: String,
    /// Holds what is wrong with it, in the order of the text: one at least.
    pub mistakes: Vec<Mistake>,
}

impl PolicyError {
    /// Returns one line a mistake, by its field alone: for a text that nobody has written.
    pub fn by_field(&self) -> String {
        let Self { origin, mistakes } = self;
        mistakes.iter().map(|mistake| format!("{origin}: {}", mistake.message)).collect::<Vec<_>>().join("\n")
    }
}

/// Something in a policy's text that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Tells where it begins.
    pub place: Place,
    /// Tells how many characters it has; 1 at least.
    pub width: usize,
    /// Holds what: one line, no final stop.
    pub message: String,
    /// The line of the text that it stands in.
    pub line: String,
}

/// One line a mistake, as compilers write them: `file:line:column: message`.
fn lines(origin: &str, mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("{origin}:{mistake}")).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Reads a policy from the bytes of a file, YAML or JSON; `origin` names it in errors.
pub fn parse_bytes(text: &[u8], origin: &str) -> Result<LifecyclePolicy, PolicyError> {
    match std::str::from_utf8(text) {
        Ok(text) => parse(text, origin),
        Err(error) => {
            let before = String::from_utf8_lossy(text.get(..error.valid_up_to()).unwrap_or_default());
            let line = before.lines().count().max(1);
            let column = before.lines().last().map_or(0, |line| line.chars().count()) + 1;
            let mistakes = vec![mistake(&before, Place { line, column }, 1, "this is not UTF-8".to_owned())];
            Err(PolicyError { origin: origin.to_owned(), mistakes })
        }
    }
}

/// Reads a policy from YAML or JSON text; `origin` names it in errors.
pub fn parse(text: &str, origin: &str) -> Result<LifecyclePolicy, PolicyError> {
    let invalid = |mistakes| PolicyError { origin: origin.to_owned(), mistakes };
    let from_yaml = |error: yaml::YamlError| invalid(vec![mistake(text, error.place, 1, error.message)]);
    let documents = yaml::documents(text).map_err(from_yaml)?;
    let [document] = documents.as_slice() else {
        let place = documents.get(1).map_or(Place::START, Document::start);
        let message = format!("a policy is one document, not {}", documents.len());
        return Err(invalid(vec![mistake(text, place, 1, message)]));
    };
    if let [duplicate, ..] = document.duplicates().as_slice() {
        let message = format!("{} is given twice, before in line {}", duplicate.path, duplicate.earlier.line);
        return Err(invalid(vec![mistake(text, duplicate.place, 1, message)]));
    }
    let json = document.to_json().map_err(from_yaml)?;
    let value = serde_json::from_str(&json)
        .map_err(|error| invalid(vec![mistake(text, document.start(), 1, format!("cannot be read: {error}"))]))?;
    let (policy, faults) = Reading { value, indexes: HashMap::new(), faults: Vec::new() }.read();
    match policy {
        Some(policy) if faults.is_empty() => Ok(policy),
        _ => {
            let mut mistakes: Vec<Mistake> = faults.into_iter().map(|fault| place(fault, text, document)).collect();
            mistakes.sort_by_key(|mistake| mistake.place);
            Err(invalid(mistakes))
        }
    }
}

/// A policy that is read on after a mistake: what is wrong is taken out, and the rest is read again.
struct Reading {
    value: Value,
    /// Of each list that items were taken out of, by its place in the text: where those that are left stood.
    indexes: HashMap<Path, Vec<usize>>,
    /// In terms of the text.
    faults: Vec<Fault>,
}

impl Reading {
    fn read(mut self) -> (Option<LifecyclePolicy>, Vec<Fault>) {
        self.read_rules();
        let policy = loop {
            let (at, cause) = match from_value::<LifecyclePolicy>(self.value.clone()) {
                Ok(policy) => break Some(policy),
                Err(error) => error,
            };
            // What had a wrong value and was taken out for it is missing now, and its author knows it already.
            let taken = match cause {
                ValueError::MissingField(name) => Some(self.in_text(&at).key(name)),
                _ => None,
            };
            let told = taken.is_some_and(|taken| self.faults.iter().any(|fault| fault.at == taken));
            if !told {
                let in_name = matches!(cause, ValueError::UnknownField { .. });
                self.faults.push(Fault { at: self.in_text(&at), in_name, message: message(&cause, "field") });
            }
            // Without a version or a kind nothing else can be said of it.
            if at.segments().is_empty() || self.faults.len() >= MAX_MISTAKES {
                break None;
            }
            self.take_out(&at);
        };
        if let Some(policy) = &policy {
            // What is left of a part that has a fault is another than its author wrote.
            let whole = |at: &Path| !self.faults.iter().any(|fault| part(&fault.at) == part(at));
            let scopes = Path::of(&["spec", "scopes"]);
            let scopes_whole = !self.faults.iter().any(|fault| fault.at.segments().starts_with(scopes.segments()));
            let found = problems(policy, scopes_whole).into_iter().map(|(at, why)| (self.in_text(&at), why));
            let found = found.filter(|(at, _)| whole(at)).map(|(at, message)| Fault { at, in_name: false, message });
            let found: Vec<Fault> = found.collect();
            self.faults.extend(found);
        }
        (policy, self.faults)
    }

    /// The rules are read one by one: of several that are wrong each is told of, with its place inside the options.
    fn read_rules(&mut self) {
        let scopes = self.value.pointer("/spec/scopes").and_then(Value::as_array).map_or(0, Vec::len);
        let own = Path::of(&["spec", "rules"]);
        let of_scopes = (0..scopes).map(|index| Path::of(&["spec", "scopes"]).index(index).key("rules"));
        for at in std::iter::once(own).chain(of_scopes) {
            while let Some(fault) = self.value.pointer(&at.pointer()).and_then(Value::as_object).and_then(|rules| {
                let mut read = rules.iter().map(|(id, value)| (id, RuleSetting::read(id, value)));
                let (id, fault) = read.find_map(|(id, read)| Some((id, read.err()?)))?;
                Some(Fault { at: at.clone().key(id.clone()).join(&fault.at), ..fault })
            }) {
                self.take_out(&fault.at);
                self.faults.push(fault);
                if self.faults.len() >= MAX_MISTAKES {
                    return;
                }
            }
        }
    }

    /// Removes what is wrong.
    fn take_out(&mut self, at: &Path) {
        let in_text = self.in_text(at);
        let (Some(parent), Some(last)) = (at.parent(), at.segments().last()) else { return };
        match (self.value.pointer_mut(&parent.pointer()), last) {
            (Some(Value::Object(members)), Segment::Key(key)) => drop(members.shift_remove(&**key)),
            (Some(Value::Array(items)), Segment::Index(index)) if *index < items.len() => {
                let whole = in_text.parent().unwrap_or_default();
                self.indexes.entry(whole).or_insert_with(|| (0..items.len()).collect()).remove(*index);
                items.remove(*index);
            }
            _ => {}
        }
    }

    /// Returns where a place stood before items were taken out of lists.
    fn in_text(&self, at: &Path) -> Path {
        at.segments().iter().fold(Path::default(), |path, segment| match segment {
            Segment::Key(key) => path.key(key.clone()),
            Segment::Index(index) => {
                let stood = self.indexes.get(&path).and_then(|left| left.get(*index)).unwrap_or(index);
                path.index(*stood)
            }
        })
    }
}

/// The part of the policy that a place is in: a field of `spec`, and in a list one item of it.
fn part(at: &Path) -> &[Segment] {
    let segments = at.segments();
    segments.get(..3).unwrap_or(segments)
}

/// A fault with its place in the text.
fn place(fault: Fault, text: &str, document: &Document<'_>) -> Mistake {
    let Fault { at, in_name, message } = fault;
    let name = at.segments().last().and_then(|segment| match segment {
        Segment::Key(key) => Some(key.chars().count()),
        Segment::Index(_) => None,
    });
    let value = document.value(&at).filter(|_| !in_name);
    let (place, width) = match value {
        // An object or a list is shown by its name: it may begin lines below.
        Some((place, Some(value))) if !value.is_empty() => (place, value.chars().count()),
        _ => (document.place(&at), name.unwrap_or(1)),
    };
    let message = if at.segments().is_empty() { message } else { format!("{at}: {message}") };
    mistake(text, place, width, message)
}

fn mistake(text: &str, place: Place, width: usize, message: String) -> Mistake {
    let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().to_owned();
    let rest = line.chars().count().saturating_sub(place.column.saturating_sub(1));
    Mistake { place, width: width.min(rest).max(1), message, line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{policy::config::Profile, rules::Level};

    fn error(spec: &str) -> String {
        let text = format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n{spec}");
        parse(&text, "p.yaml").unwrap_err().to_string()
    }

    #[test]
    fn levels_and_options() {
        let text = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  profile: strict\n  rules:\n    port-conflict: off\n    invalid-probe: {level: warn}\n";
        let policy = parse(text, "p.yaml").unwrap();
        let level = |id| policy.spec.rules.get(crate::rules::find(id).unwrap()).and_then(|setting| setting.level);
        assert_eq!(policy.spec.profile, Profile::Strict);
        assert_eq!((level("port-conflict"), level("invalid-probe")), (Some(Level::Off), Some(Level::Warn)));
        assert_eq!(level("host-port-conflict"), None);
        let written = serde_json::to_string(&policy).unwrap();
        assert_eq!(parse(&written, "json").unwrap(), policy);
    }

    #[test]
    fn errors_name_place_and_remedy() {
        let cases = [
            (
                "  rules:\n    port-conflikt: off\n",
                "p.yaml:5:5: spec.rules.port-conflikt: unknown rule \"port-conflikt\" (did you mean \"port-conflict\"?); podgate rules lists them",
            ),
            (
                "  rules:\n    port-conflict: deney\n",
                "p.yaml:5:20: spec.rules.port-conflict: unknown level \"deney\" (did you mean \"deny\"?); levels are off, audit, warn and deny",
            ),
            (
                "  rules:\n    port-conflict: {level: 3}\n",
                "p.yaml:5:28: spec.rules.port-conflict.level: a level is off, audit, warn or deny, not 3",
            ),
            (
                "  rules:\n    port-conflict: {margin: 3}\n",
                "p.yaml:5:21: spec.rules.port-conflict.margin: unknown option \"margin\"; only level is known here (rule port-conflict)",
            ),
            (
                "  rule: {}\n",
                "p.yaml:4:3: spec.rule: unknown field \"rule\" (did you mean \"rules\"?); fields are kubernetesVersion, profile, rules, controllers, exemptions, kinds, namespaceLabels, scopes and mutations",
            ),
            (
                "  profile: Strict\n",
                "p.yaml:4:12: spec.profile: unknown value \"Strict\" (did you mean \"strict\"?); values are audit, advisory, standard and strict",
            ),
            (
                "  mutations:\n    defaultProbes:\n      readiness: {periodSeconds: 0}\n",
                "p.yaml:6:34: spec.mutations.defaultProbes.readiness.periodSeconds: is 0; at least 1 is needed",
            ),
            (
                "  mutations:\n    schedulingGates:\n    - name: a b\n",
                "p.yaml:6:13: spec.mutations.schedulingGates[0].name: is \"a b\", which is no qualified name such as example.com/quota",
            ),
        ];
        for (spec, expected) in cases {
            assert_eq!(error(spec), expected);
        }
        assert!(
            error("  mutations:\n    defaultProbes:\n      startup: {successThreshold: 2}\n")
                .contains("only 1 is allowed here")
        );
        assert!(
            error("  mutations:\n    defaultProbes:\n      readiness: {httpPath: x}\n")
                .contains("a path begins with /")
        );
    }

    #[test]
    fn what_is_no_policy() {
        let error = |text| parse(text, "p.yaml").unwrap_err().to_string();
        assert_eq!(error(""), "p.yaml:1:1: a policy is one document, not 0");
        let twice = "p.yaml:2:1: profile is given twice, before in line 1";
        assert_eq!(error("profile: strict\nprofile: audit\n"), twice);
        assert_eq!(error("a: 1\n---\nb: 2\n"), "p.yaml:3:1: a policy is one document, not 2");
        assert!(error("a: [\n").starts_with("p.yaml:"));
        assert!(
            error("apiVersion: v1\nkind: ConfigMap\n").starts_with("p.yaml:1:13: apiVersion: unknown value \"v1\"")
        );
        assert!(error("kind: LifecyclePolicy\n").contains("field \"apiVersion\" is missing"));
    }
}
