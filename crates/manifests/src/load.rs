//! A file read: the Kubernetes objects in it, each as JSON text.

use std::{borrow::Cow, fmt, iter::repeat, ops::Range, sync::Arc};

use serde::{
    Deserialize, Deserializer as _,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    input::Input,
    parallel,
    problem::Problem,
    source::{self, Lines, Part},
};
use podgate_engine::{
    model::{Workload, entry::Entry},
    syntax::{
        Path, Str,
        json::from_object,
        yaml::{Duplicate, Place, YamlError},
    },
};

/// So few parts or objects of one file are not worth another thread: others have files of their own.
pub(super) const FEW: usize = 8;
/// How deep Lists may stand in Lists.
const MAX_LISTS: usize = 8;

/// Which object it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`, or the one that objects without have.
    pub namespace: String,
    /// `metadata.name`, or `metadata.generateName` where that is empty.
    pub name: String,
}

impl Identity {
    /// The API group, empty for core.
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

/// One file, read.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Its whole text.
    pub(super) text: String,
    /// The stretches of it that are read on their own.
    pub(super) parts: Vec<Part>,
    /// The objects that podgate judges or knows from, in the order in which they stand there.
    pub(super) items: Vec<Item>,
    /// How many Kubernetes objects there are in all.
    pub(super) objects: usize,
    /// How many documents are no Kubernetes objects.
    pub(super) skipped: usize,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

/// One object of a file.
#[derive(Debug)]
pub(super) struct Item {
    /// The part of the file.
    pub(super) part: usize,
    /// The document of the part.
    pub(super) document: usize,
    /// Where it stands in the document: the root, or an item of a List.
    pub(super) prefix: Path,
    pub(super) identity: Identity,
    /// Its row in the table of kinds; `None` where it is only known from.
    pub(super) workload: Option<&'static Workload>,
    json: Json,
}

/// JSON text that is part of the file, or of a document that was turned into JSON.
#[derive(Debug, Clone)]
enum Json {
    InFile(Range<usize>),
    Converted(Arc<str>, Range<usize>),
}

impl Loaded {
    /// The object as JSON text.
    pub(super) fn json<'s>(&'s self, item: &'s Item) -> &'s str {
        let text = match &item.json {
            Json::InFile(range) => self.text.get(range.clone()),
            Json::Converted(text, range) => text.get(range.clone()),
        };
        text.unwrap_or_default()
    }

    /// Where the object stands in the file, which has these lines.
    pub(super) fn place(&self, lines: &Lines<'_>, item: &Item) -> Place {
        let part = self.parts.get(item.part);
        let places = part.map(|part| part.places(lines, &[(item.document, item.prefix.clone())]));
        places.unwrap_or_default().first().copied().unwrap_or(Place::START)
    }

    /// What a reader of objects complained about, in the order of the file: `cannot read object as Deployment: spec.replicas:
    /// invalid type … at line 1 column 8`. The line is one of the JSON text, which nobody sees.
    pub(super) fn unreadable(&self, lines: &Lines<'_>, file: &str, failed: &[(&Item, String)]) -> Vec<Problem> {
        let mut problems = Vec::with_capacity(failed.len());
        for failed in failed.chunk_by(|(one, _), (other, _)| one.part == other.part) {
            let causes: Vec<(&Item, &str)> = failed.iter().map(|(item, error)| (*item, in_object(error))).collect();
            let field = |(item, cause): &(&Item, &str)| (item.document, item.prefix.clone().join(&path_of(cause)));
            let fields: Vec<(usize, Path)> = causes.iter().map(field).collect();
            let part = failed.first().and_then(|(item, _)| self.parts.get(item.part));
            let places = part.map(|part| part.places(lines, &fields)).unwrap_or_default();
            let places = places.into_iter().chain(repeat(Place::START));
            problems.extend(causes.iter().zip(places).map(|((item, cause), place)| {
                let Identity { kind, name, .. } = &item.identity;
                let object = if name.is_empty() { kind.clone() } else { format!("{kind} {name}") };
                let is_bool = cause.contains("invalid type: boolean");
                let hint = if is_bool { "; YAML takes y, yes, on, n, no and off for booleans: quote them" } else { "" };
                Problem::of(file, Some(place), &format!("{object}: {cause}{hint}"))
            }));
        }
        problems
    }

    /// About how much memory it holds, in bytes.
    pub(super) fn size(&self) -> usize {
        let converted = self.items.iter().map(|item| match &item.json {
            Json::InFile(_) => 0,
            Json::Converted(_, range) => range.len(),
        });
        self.text.len() + converted.sum::<usize>() + self.items.len() * size_of::<Item>()
    }
}

/// Reads and takes apart one file.
pub(super) fn load(input: &impl Input, namespace: &str) -> Loaded {
    match input.read() {
        Ok(text) => from_text(input.name(), text, namespace),
        Err(cause) => {
            let problem = Problem::of(input.name(), None, &format!("cannot be read: {cause}"));
            Loaded { problems: vec![problem], ..Loaded::default() }
        }
    }
}

/// Takes apart a text that is called `name`.
pub(super) fn from_text(name: &str, text: String, namespace: &str) -> Loaded {
    // A byte order mark is no part of the text.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let mut parts = source::parts(&text);
    let lines = Lines::of(&text);
    let numbered: Vec<(usize, &Part)> = parts.iter().enumerate().collect();
    let found = parallel::map(&numbered, FEW, |(index, part)| objects(&lines, *index, part, namespace));
    let mut loaded = Loaded::default();
    for (found, part) in found.into_iter().zip(&mut parts) {
        part.repeats |= found.repeats;
        loaded.problems.extend(found.duplicates.iter().map(|duplicate| {
            let Duplicate { path, place, earlier } = duplicate;
            let message = format!("{path} is given twice, before in line {}; kubectl takes the last", earlier.line);
            Problem::of(name, Some(*place), &message)
        }));
        loaded.items.extend(found.items);
        loaded.objects += found.objects;
        loaded.skipped += found.skipped;
        if let Some(error) = found.error {
            // A package.json or tsconfig.json with comments is nobody's manifest.
            if is_json(name) && !part.text(&text).contains("apiVersion") {
                loaded.skipped += 1;
                continue;
            }
            let template = if part.text(&text).contains("{{") {
                "; it looks like the source of a template: render it first, as in helm template CHART | podgate check"
            } else {
                ""
            };
            let message = format!("{}{template}", error.message);
            loaded.problems.push(Problem::of(name, Some(error.place), &message));
        }
    }
    (loaded.text, loaded.parts) = (text, parts);
    loaded
}

fn is_json(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// What is in one part.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    objects: usize,
    skipped: usize,
    error: Option<YamlError>,
    /// Whether a key is given more than once.
    repeats: bool,
    /// Those in the objects that are of use.
    duplicates: Vec<Duplicate>,
}

fn objects(lines: &Lines<'_>, index: usize, part: &Part, namespace: &str) -> Found {
    let mut found = Found::default();
    let documents = match part.read(lines) {
        Ok(documents) => documents,
        Err(error) => {
            found.error = Some(error);
            return found;
        }
    };
    for (document, source::Document { json, mut duplicates }) in documents.into_iter().enumerate() {
        found.repeats |= !duplicates.is_empty();
        let is_converted = matches!(json, Cow::Owned(_));
        let text: &str = &json;
        let Some(object) = Head::read(text) else {
            found.skipped += 1;
            continue;
        };
        let mut items = Vec::new();
        found.objects += collect(text, &object, Path::default(), namespace, &mut items, 0);
        if items.is_empty() {
            continue;
        }
        duplicates.retain(|Duplicate { path, .. }| {
            items.iter().any(|(prefix, ..)| path.segments().starts_with(prefix.segments()))
        });
        found.duplicates.append(&mut duplicates);
        let converted: Option<Arc<str>> = is_converted.then(|| text.into());
        found.items.extend(items.into_iter().map(|(prefix, identity, workload, range)| {
            let json = match &converted {
                Some(text) => Json::Converted(Arc::clone(text), range),
                None => Json::InFile(part.start() + range.start..part.start() + range.end),
            };
            Item { part: index, document, prefix, identity, workload, json }
        }));
    }
    found
}

type Taken = (Path, Identity, Option<&'static Workload>, Range<usize>);

/// Adds the object, or those of a List, as far as they are of use. Returns how many there are in all.
fn collect(
    document: &str,
    object: &Head<'_>,
    prefix: Path,
    namespace: &str,
    into: &mut Vec<Taken>,
    lists: usize,
) -> usize {
    if let Some(items) = object.items().filter(|_| lists < MAX_LISTS) {
        let mut count = 0;
        for (index, item) in items.iter().enumerate() {
            // The items of a DeploymentList may leave out what the list says.
            let read = Head::read(item.get()).or_else(|| Head::read_item(item.get(), object));
            let Some(item) = read else { continue };
            let prefix = prefix.clone().key("items").index(index);
            count += collect(document, &item, prefix, namespace, into, lists + 1);
        }
        return count;
    }
    let identity = object.identity(namespace);
    let workload = Workload::find(identity.group(), &identity.kind);
    if workload.is_some() || Entry::takes(identity.group(), &identity.kind) {
        let start = (object.text.as_ptr() as usize).saturating_sub(document.as_ptr() as usize);
        into.push((prefix, identity, workload, start..start + object.text.len()));
    }
    1
}

/// The parts of an object that tell what it is.
struct Head<'a> {
    text: &'a str,
    api_version: String,
    kind: String,
    metadata: Option<&'a RawValue>,
    items: Option<&'a RawValue>,
}

/// The same, as they are written.
#[derive(Default)]
struct RawHead<'a> {
    api_version: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    metadata: Option<&'a RawValue>,
    items: Option<&'a RawValue>,
}

impl<'a> RawHead<'a> {
    /// Reads a text that is known to be JSON without keys that are given twice: no further than is needed, which mostly is the
    /// metadata. `None` where it is no object.
    fn read(text: &'a str) -> Option<Self> {
        let mut head = Self::default();
        let read = serde_json::Deserializer::from_str(text).deserialize_map(&mut head);
        // What is not read to its end is an error.
        (read.is_ok() || head.is_enough()).then_some(head)
    }

    fn is_enough(&self) -> bool {
        self.api_version.is_some()
            && self.metadata.is_some()
            && self.kind.is_some_and(|kind| !is_list(kind.get().trim_end_matches('"')))
    }
}

impl<'de> Visitor<'de> for &mut RawHead<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while !self.is_enough() {
            let Some(key) = map.next_key::<Str<'de>>()? else { break };
            let member = match &*key {
                "apiVersion" => &mut self.api_version,
                "kind" => &mut self.kind,
                "metadata" => &mut self.metadata,
                "items" => &mut self.items,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *member = map.next_value()?;
        }
        Ok(())
    }
}

fn is_list(kind: &str) -> bool {
    kind.ends_with("List")
}

impl<'a> Head<'a> {
    /// `None` where it is no Kubernetes object.
    fn read(text: &'a str) -> Option<Self> {
        Self::with(text, "", "")
    }

    /// An item of a typed list.
    fn read_item(text: &'a str, list: &Head<'a>) -> Option<Self> {
        let kind = list.kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Self::with(text, &list.api_version, kind)
    }

    fn with(text: &'a str, api_version: &str, kind: &str) -> Option<Self> {
        let raw = RawHead::read(text)?;
        let string = |raw: Option<&'a RawValue>, default: &str| {
            let text = raw.map_or(Some(default.to_owned()), |raw| serde_json::from_str(raw.get()).ok());
            text.filter(|text| !text.is_empty())
        };
        let (api_version, kind) = (string(raw.api_version, api_version)?, string(raw.kind, kind)?);
        Some(Self { text, api_version, kind, metadata: raw.metadata, items: raw.items })
    }

    /// The items, where it is a List.
    fn items(&self) -> Option<Vec<&'a RawValue>> {
        let items = self.items.filter(|_| is_list(&self.kind))?;
        serde_json::from_str::<Option<Vec<&'a RawValue>>>(items.get()).ok().map(Option::unwrap_or_default)
    }

    fn identity(&self, namespace: &str) -> Identity {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Names<'a> {
            #[serde(borrow)]
            name: Str<'a>,
            #[serde(borrow)]
            generate_name: Str<'a>,
            #[serde(borrow)]
            namespace: Str<'a>,
        }
        let names =
            self.metadata.and_then(|metadata| from_object::<Names<'_>>(metadata.get()).ok()).unwrap_or_default();
        let or = |first: &str, second: &str| if first.is_empty() { second.to_owned() } else { first.to_owned() };
        Identity {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            namespace: or(&names.namespace, namespace),
            name: or(&names.name, &names.generate_name),
        }
    }
}

/// What is wrong, and where in the object, of a reader's error.
fn in_object(error: &str) -> &str {
    let cause = error.rsplit_once(" at line ").map_or(error, |(cause, _)| cause);
    let in_object = cause.strip_prefix("cannot read ").and_then(|rest| rest.split_once(": "));
    in_object.map_or(cause, |(_, cause)| cause)
}

/// The path in a reader's error, `spec.containers[0].image: …`. A key that holds a dot leads no further than its parent.
fn path_of(error: &str) -> Path {
    let written = error.split_once(": ").map_or("", |(path, _)| path);
    let mut path = Path::default();
    for step in written.split('.') {
        let (key, indexes) = step.split_once('[').map_or((step, ""), |(key, rest)| (key, rest));
        if !key.is_empty() {
            path = path.key(key.to_owned());
        }
        for index in indexes.split(['[', ']']).filter_map(|index| index.parse().ok()) {
            path = path.index(index);
        }
    }
    path
}
