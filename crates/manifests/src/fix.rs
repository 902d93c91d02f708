//! The policy's mutations, carried out on the text of manifests: on Pods, and on the Pod templates of workloads.

use std::collections::BTreeMap;

use json_patch::{Patch, PatchOperation};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    edit::{self, Addition, Edit},
    input::Input,
    load::{self, Identity, Item, Reader},
    parallel,
    problem::{ObjectFailure, Problem},
    source::{self, Lines, Part},
    tree::{Role, Tree},
};
use podgate_engine::{
    model::{Objects, Operation, Request, Review, Target, Template, User, Workload},
    policy::Engine,
    syntax::{Path, path::Segment, yaml},
};

/// A file with what the policy adds to it.
#[derive(Debug)]
pub struct Fixed {
    /// The file, as in [`Input::name`].
    pub name: String,
    /// Its text as it is; without a byte order mark.
    pub before: String,
    /// Its text as it shall be; the same where there is nothing to add.
    pub after: String,
    /// Holds what was added, a line each.
    pub changes: Vec<Change>,
    /// Holds what cannot be read, or cannot be added by editing the text.
    pub problems: Vec<Problem>,
}

/// One addition to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object's kind, namespace and name.
    pub object: String,
    /// The field that is added, or the list that grows.
    pub path: Path,
    /// The id of the mutation that adds it.
    pub mutation: &'static str,
}

/// Works out what `engine` adds to the objects in `inputs`. Objects that name no namespace live in `namespace`.
pub fn fix(engine: &Engine, inputs: &[impl Input], namespace: &str) -> Vec<Fixed> {
    parallel::with_threads(|| {
        let tree = Tree::of("", inputs, &[]);
        let role = |input: &_| tree.role(Input::name(input));
        parallel::map(inputs, 1, |input| fix_file(engine, input, role(input), namespace))
    })
}

fn fix_file(engine: &Engine, input: &impl Input, role: Role, namespace: &str) -> Fixed {
    let mut loaded = load::load(input, Reader::keeping_all(engine.kinds(), namespace));
    if role != Role::Manifest {
        // What a patch or a chart leaves out is not missing.
        loaded.items.clear();
        loaded.problems.clear();
    }
    let mut fixed = Fixed {
        name: input.name().to_owned(),
        before: loaded.text.clone(),
        after: loaded.text.clone(),
        changes: Vec::new(),
        problems: loaded.problems.clone(),
    };
    let mut edits: Vec<Edit> = Vec::new();
    let lines = Lines::of(&loaded.text);
    for items in loaded.items.chunk_by(|one, other| one.part == other.part) {
        let (mut additions, mut changes) = (BTreeMap::<usize, Vec<Addition>>::new(), Vec::new());
        let mut unreadable = Vec::new();
        for item in items {
            match additions_to(engine, item, loaded.json(item)) {
                Ok(found) => {
                    for (addition, mutation) in found {
                        changes.push(Change::of(item, &addition, mutation));
                        additions.entry(item.document).or_default().push(addition);
                    }
                }
                Err(error) => unreadable.push((item, error)),
            }
        }
        fixed.problems.extend(loaded.problems_of(&lines, input.name(), &unreadable));
        let Some(first) = items.first().filter(|_| !additions.is_empty()) else { continue };
        let part_edits = loaded.parts.get(first.part).and_then(|part| edit_part(&loaded.text, part, &additions));
        if let Some(part_edits) = part_edits {
            edits.extend(part_edits);
            fixed.changes.extend(changes);
        } else {
            let place = loaded.place(&lines, first);
            fixed.problems.push(Problem::of(input.name(), Some(place), &refusal(&changes)));
        }
    }
    match edit::apply(&loaded.text, &edits) {
        Some(after) => fixed.after = after,
        None => fixed.problems.push(Problem::of(input.name(), None, &refusal(&std::mem::take(&mut fixed.changes)))),
    }
    fixed.problems.sort();
    fixed
}

impl Change {
    fn of(item: &Item, addition: &Addition, mutation: &'static str) -> Self {
        let steps = addition.to.segments().iter().skip(item.prefix.segments().len());
        let to = steps.fold(Path::default(), |path, segment| match segment {
            Segment::Key(key) => path.key(key.clone()),
            Segment::Index(index) => path.index(*index),
        });
        let Identity { kind, namespace, name, .. } = &item.identity;
        Self {
            object: format!("{kind} {namespace}/{name}"),
            path: match &addition.key {
                Some(key) => to.key(key.clone()),
                None => to,
            },
            mutation,
        }
    }
}

fn refusal(changes: &[Change]) -> String {
    let fields: Vec<String> = changes.iter().map(|change| format!("{} of {}", change.path, change.object)).collect();
    format!("the way it is written (an alias, perhaps) gives no safe place for {}; add it by hand", fields.join(", "))
}

/// Works out what the policy adds to an object: each addition by its place in the document, with the mutation that makes it.
fn additions_to(engine: &Engine, item: &Item, text: &str) -> Result<Vec<(Addition, &'static str)>, ObjectFailure> {
    // Knative makes its Pods' probes itself and takes no gates.
    let Some(workload) = item.workload.filter(|workload| workload.probes_as_written) else { return Ok(Vec::new()) };
    let object = workload.read(text)?;
    let mut additions = Vec::new();
    // One that is nested deeper than can be read is left alone.
    let Ok(whole) = serde_json::from_str::<Value>(text) else { return Ok(additions) };
    let pod_kind = Workload::find("", "Pod");
    let Some(target) = pod_kind.and_then(|pod| Target::of(Operation::Create, pod, "")) else { return Ok(additions) };
    // Where a container stands alone, the rest of its Pod is not known.
    for template in object.templates.iter().filter(|template| !template.is_container) {
        let Some(pod) = pod_of(template, workload, &whole) else { continue };
        let pod = pod.to_string();
        let request = Request {
            target,
            sub_resource: "".into(),
            namespace: item.identity.namespace.as_str().into(),
            user: User::default(),
            objects: Objects::created(&pod),
            inventory: None,
        };
        let Some(review) = Review::read(request)? else { continue };
        let mutated = engine.mutate(&review)?;
        let base = item.prefix.clone().join(&template.path);
        let operations = mutated.patch.map(|Patch(operations)| operations).unwrap_or_default();
        for (operation, mutation) in operations.into_iter().zip(mutated.by) {
            let PatchOperation::Add(add) = operation else {
                return Err(ObjectFailure::MoreThanAdds);
            };
            let addition = edit::addition(&base, add.path.as_str(), add.value);
            additions.push((addition.ok_or(ObjectFailure::AddsInMiddle)?, mutation.id));
        }
    }
    Ok(additions)
}

/// The Pod that a template makes, as its creation would be asked for.
fn pod_of(template: &Template<'_>, workload: &Workload, whole: &Value) -> Option<Value> {
    let mut pod = whole.pointer(&template.path.pointer())?.clone();
    let members = pod.as_object_mut()?;
    // The webhook of the kind would have filled it in.
    if template.spec.restart_policy.is_empty() && workload.default_restart_policy != "Always" {
        let spec = members.get_mut("spec").and_then(Value::as_object_mut);
        spec?.insert("restartPolicy".to_owned(), workload.default_restart_policy.into());
    }
    Some(pod)
}

/// The edits that make these additions to the documents of one part, by bytes of the file. `None` where they cannot be made,
/// or where the edited text would say anything but what it shall.
fn edit_part(file: &str, part: &Part, additions: &BTreeMap<usize, Vec<Addition>>) -> Option<Vec<Edit>> {
    let text = part.text(file);
    let mut edits = Vec::new();
    let documents = yaml::documents(text).ok()?;
    for (document, additions) in additions {
        edits.extend(edit::edits(text, documents.get(*document)?, is_written_as_json(part, text), additions)?);
    }
    let edited = edit::apply(text, &edits)?;
    let now: Option<Vec<Value>> = source::parts(&edited)
        .iter()
        .map(|part| values(&edited, part))
        .collect::<Option<Vec<_>>>()
        .map(|it| it.concat());
    let mut wanted = values(file, part)?;
    for (document, additions) in additions {
        let value = wanted.get_mut(*document)?;
        for addition in additions {
            let at = value.pointer_mut(&addition.to.pointer())?;
            match &addition.key {
                Some(key) => drop(at.as_object_mut()?.insert(key.clone(), addition.value.clone())),
                None => at.as_array_mut()?.push(addition.value.clone()),
            }
        }
    }
    (now? == wanted).then(|| {
        let in_file =
            |edit: Edit| Edit { range: part.start() + edit.range.start..part.start() + edit.range.end, ..edit };
        edits.into_iter().map(in_file).collect()
    })
}

/// Returns whether whoever wrote the part writes JSON: a document of a YAML file may be JSON as well.
fn is_written_as_json(part: &Part, text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let is_value = text.trim_start().starts_with('{') && values.next().is_some_and(|value| value.is_ok());
    let rest = text.get(values.byte_offset()..).unwrap_or_default().trim();
    part.is_json() || is_value && (rest.is_empty() || rest.starts_with("---"))
}

/// The documents of a part as data.
fn values(file: &str, part: &Part) -> Option<Vec<Value>> {
    let documents = part.read(&Lines::of(file)).ok()?;
    documents.iter().map(|document| serde_json::from_str(&document.json).ok()).collect()
}
