//! Takes a file apart: the Kubernetes objects in it, each as JSON text.
//!
//! A file is cut into parts that can be read on their own (YAML documents, JSON values), and on several threads. YAML is turned
//! into JSON text, so that the engine has one way of reading and says the same of a manifest as of a request; JSON stays where it
//! is, and an object is a range of the file. Of each value only as much is read as tells whether it is an object of use
//! (`apiVersion`, `kind`, `metadata`); Lists, [as `kubectl get -o yaml` writes them](https://kubernetes.io/docs/reference/using-api/api-concepts/#collections),
//! are followed into their items. Lines and columns are nowhere kept: where a field stands is looked up, for all errors or findings
//! of a part at once, once there are any.

use std::{borrow::Cow, fmt, iter::repeat, ops::Range, sync::Arc};

use serde::{
    Deserialize, Deserializer as _,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    aside::{Reason, Tally},
    input::Input,
    parallel,
    problem::{ObjectFailure, Problem},
    source::{self, Lines, Part},
    tree::{self, Class, known_kinds::Fault, placeholder},
};
use podgate_engine::{
    model::{InventoryObject, Workload, WorkloadTable},
    syntax::{
        Path, ReadError, Str,
        json::from_object,
        yaml::{Duplicate, Place, YamlError},
    },
};

/// So few parts or objects of one file are not worth another thread: others have files of their own.
pub(super) const FEW: usize = 8;
/// Limits how deep Lists may stand in Lists.
const MAX_LISTS: usize = 8;
/// Explains a boolean that nobody wrote.
const BOOLEAN_HINT: &str = " (YAML takes y, yes, on, n, no and off for booleans: quote them)";

/// Names an object.
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
    /// Returns the API group, empty for core.
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
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
    /// Says how many Kubernetes objects there are in all.
    pub(super) objects: usize,
    /// Says how many documents are no Kubernetes objects.
    pub(super) skipped: usize,
    /// Holds what is left aside.
    pub(super) aside: Tally,
    /// Holds what could not be read.
    pub(super) problems: Vec<Problem>,
    /// Holds what each of the items tells about itself, where the JSON text is forgotten that says it.
    pub(super) facts: Vec<Facts>,
}

/// Holds what an object tells about itself to the judgement of others.
pub(super) type Facts = Result<Option<InventoryObject>, ObjectFailure>;

/// One object of a file.
#[derive(Debug)]
pub(super) struct Item {
    /// The part of the file.
    pub(super) part: usize,
    /// The document of the part.
    pub(super) document: usize,
    /// Says where it stands in the document: the root, or an item of a List.
    pub(super) prefix: Path,
    pub(super) identity: Identity,
    /// Its row in the table of kinds; `None` where it is only known from.
    pub(super) workload: Option<&'static Workload>,
    /// Holds what is wrong with its group, version or kind.
    pub(super) fault: Option<Fault>,
    json: Json,
}

/// JSON text that is part of the file, or of a document that was turned into JSON.
#[derive(Debug, Clone)]
enum Json {
    InFile(Range<usize>),
    Converted(Arc<str>, Range<usize>),
    /// That document has to be turned into JSON once more.
    Forgotten(Range<usize>),
}

/// The JSON text of the objects of one part of a file.
pub(super) struct Texts<'s> {
    loaded: &'s Loaded,
    /// The documents of the part, where they were forgotten.
    again: Vec<Cow<'s, str>>,
}

impl Texts<'_> {
    /// Returns an object of the part as JSON text.
    pub(super) fn json<'s>(&'s self, item: &'s Item) -> &'s str {
        match &item.json {
            Json::Forgotten(range) => {
                self.again.get(item.document).and_then(|text| text.get(range.clone())).unwrap_or_default()
            }
            _ => self.loaded.json(item),
        }
    }
}

impl Item {
    /// Returns it as JSON text, unless that is forgotten.
    fn text<'s>(&'s self, file: &'s str) -> &'s str {
        let text = match &self.json {
            Json::InFile(range) => file.get(range.clone()),
            Json::Converted(text, range) => text.get(range.clone()),
            Json::Forgotten(_) => None,
        };
        text.unwrap_or_default()
    }

    /// Reads what it tells about itself to the judgement of others. Where it is judged itself, its errors are reported then.
    pub(super) fn facts(&self, text: &str) -> Facts {
        if let Some(fault) = &self.fault {
            return Err(ObjectFailure::Fault(fault.clone()));
        }
        let Identity { kind, namespace, .. } = &self.identity;
        let facts = InventoryObject::read(self.identity.group(), kind, namespace, text);
        if self.workload.is_some() { Ok(facts.unwrap_or_default()) } else { Ok(facts?) }
    }

    /// Returns what `failure` says of the object: each error with its place in it.
    fn errors(&self, failure: &ObjectFailure) -> Vec<(&Self, Path, String)> {
        let ObjectFailure::Unreadable(errors) = failure else {
            let at = match failure {
                ObjectFailure::Placeholder { at, .. } => at.clone(),
                ObjectFailure::Fault(fault) => Path::of(&[fault.field]),
                _ => Path::default(),
            };
            return vec![(self, at, failure.to_string())];
        };
        let message = |error: &ReadError| {
            let hint = if error.is_stray_boolean() { BOOLEAN_HINT } else { "" };
            (self, error.at.clone(), format!("{error}{hint}"))
        };
        let mut said: Vec<_> = errors.iter().map(message).collect();
        if let Some((.., last)) = said.last_mut().filter(|_| !errors.is_complete()) {
            last.push_str("; there are more errors behind this one");
        }
        said
    }
}

impl Loaded {
    /// Returns the object as JSON text; where that is forgotten, only [`Self::texts`] has it.
    pub(super) fn json<'s>(&'s self, item: &'s Item) -> &'s str {
        item.text(&self.text)
    }

    /// Returns the JSON text of the objects that stand in the part of this one.
    pub(super) fn texts<'s>(&'s self, lines: &Lines<'s>, item: Option<&Item>) -> Texts<'s> {
        let forgotten = item.filter(|item| matches!(item.json, Json::Forgotten(_)));
        let part = forgotten.and_then(|item| self.parts.get(item.part));
        // It could be read before.
        let documents = part.map(|part| part.read(lines).unwrap_or_default()).unwrap_or_default();
        Texts { loaded: self, again: documents.into_iter().map(|document| document.json).collect() }
    }

    /// Returns where the object stands in the file, which has these lines.
    pub(super) fn place(&self, lines: &Lines<'_>, item: &Item) -> Place {
        let part = self.parts.get(item.part);
        let places = part.map(|part| part.places(lines, &[(item.document, item.prefix.clone())]));
        places.unwrap_or_default().first().copied().unwrap_or(Place::START)
    }

    /// Returns a problem for each error of objects that are not judged, in the order of the file. Where they stand is looked up
    /// for all errors of a part at once.
    pub(super) fn problems_of(&self, lines: &Lines<'_>, file: &str, failed: &[(&Item, ObjectFailure)]) -> Vec<Problem> {
        let mut problems = Vec::with_capacity(failed.len());
        for failed in failed.chunk_by(|(one, _), (other, _)| one.part == other.part) {
            let said: Vec<(&Item, Path, String)> =
                failed.iter().flat_map(|(item, failure)| item.errors(failure)).collect();
            let fields: Vec<(usize, Path)> =
                said.iter().map(|(item, at, _)| (item.document, item.prefix.clone().join(at))).collect();
            let part = failed.first().and_then(|(item, _)| self.parts.get(item.part));
            let places = part.map(|part| part.places(lines, &fields)).unwrap_or_default();
            let places = places.into_iter().chain(repeat(Place::START));
            problems.extend(said.iter().zip(places).map(|((item, _, message), place)| {
                let Identity { kind, name, .. } = &item.identity;
                let object = if name.is_empty() { kind.clone() } else { format!("{kind} {name}") };
                Problem::of(file, Some(place), &format!("{object}: {message}"))
            }));
        }
        problems
    }

    /// Tells the errors at a placeholder, where a value of another kind belongs, from all others.
    pub(super) fn placeholders<'i, 't>(
        failed: Vec<(&'i Item, ObjectFailure)>,
        json: impl Fn(&'i Item) -> &'t str,
    ) -> [Vec<(&'i Item, ObjectFailure)>; 2] {
        let (mut placeholders, mut others) = (Vec::new(), Vec::new());
        for (item, failure) in failed {
            let ObjectFailure::Unreadable(errors) = failure else {
                others.push((item, failure));
                continue;
            };
            let rest = errors.without(|error| match placeholder::at(json(item), &error.at) {
                Some(value) => {
                    placeholders.push((item, ObjectFailure::Placeholder { at: error.at.clone(), value }));
                    true
                }
                None => false,
            });
            others.extend(rest.map(|errors| (item, ObjectFailure::Unreadable(errors))));
        }
        [placeholders, others]
    }

    /// Returns about how much memory it holds, in bytes.
    pub(super) fn size(&self) -> usize {
        let converted = self.items.iter().map(|item| match &item.json {
            Json::InFile(_) | Json::Forgotten(_) => 0,
            Json::Converted(_, range) => range.len(),
        });
        self.text.len() + converted.sum::<usize>() + self.items.len() * size_of::<Item>()
    }
}

/// Says what there is to find in a file.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r> {
    /// The kinds that are judged.
    pub(super) kinds: &'r WorkloadTable,
    /// Objects that name no namespace live in this one.
    pub(super) namespace: &'r str,
    /// In files of more bytes the JSON text is forgotten that is made of a document, once it is known what its objects tell about
    /// themselves: it takes about as much memory as the file.
    pub(super) large_bytes: usize,
}

impl<'r> Reader<'r> {
    /// Forgets nothing, however large a file is.
    pub(super) fn keeping_all(kinds: &'r WorkloadTable, namespace: &'r str) -> Self {
        Self { kinds, namespace, large_bytes: usize::MAX }
    }
}

/// Reads and takes apart one file.
pub(super) fn load(input: &impl Input, reader: Reader<'_>) -> Loaded {
    match input.read() {
        Ok(text) => from_text(input, text, reader),
        Err(cause) => {
            let problem = Problem::of(input.name(), None, &format!("cannot be read: {cause}"));
            Loaded { problems: vec![problem], ..Loaded::default() }
        }
    }
}

/// Takes apart the text of an input.
fn from_text(input: &impl Input, text: String, reader: Reader<'_>) -> Loaded {
    let name = input.name();
    // A byte order mark is no part of the text.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let mut parts = source::parts(&text);
    let lines = Lines::of(&text);
    let numbered: Vec<(usize, &Part)> = parts.iter().enumerate().collect();
    let is_large = text.len() > reader.large_bytes;
    let found = parallel::map(&numbered, FEW, |(index, part)| {
        let found = objects(&lines, *index, part, reader);
        if is_large { found.without_json(&text) } else { found }
    });
    let mut loaded = Loaded::default();
    let mut is_template = false;
    for (found, part) in found.into_iter().zip(&mut parts) {
        part.repeats |= found.repeats;
        loaded.problems.extend(found.duplicates.iter().map(|duplicate| {
            let Duplicate { path, place, earlier } = duplicate;
            let message = format!("{path} is given twice, before in line {}; kubectl takes the last", earlier.line);
            Problem::of(name, Some(*place), &message)
        }));
        loaded.items.extend(found.items);
        loaded.facts.extend(found.facts);
        loaded.objects += found.objects;
        loaded.skipped += found.skipped;
        for (reason, kind, example) in found.aside {
            loaded.aside.add(reason, &kind, &format!("{name}: {example}"));
        }
        if let Some(error) = found.error {
            // A package.json or tsconfig.json with comments is nobody's manifest.
            if is_json(name) && !part.text(&text).contains("apiVersion") {
                loaded.skipped += 1;
            } else if placeholder::is_template(&text, error.place.line) {
                is_template = true;
            } else if !input.is_named() && !text.contains("apiVersion") {
                loaded.aside.add(Reason::NoManifest, "", &format!("{name}:{}: {}", error.place, error.message));
            } else {
                loaded.problems.push(Problem::of(name, Some(error.place), &error.message));
            }
        }
    }
    if is_template {
        loaded.aside.add(Reason::Template, "", name);
    }
    (loaded.text, loaded.parts) = (text, parts);
    loaded
}

fn is_json(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// The objects of one part.
#[derive(Default)]
struct PartObjects {
    items: Vec<Item>,
    objects: usize,
    skipped: usize,
    /// Tells why objects are left aside, the kind, and which they are.
    aside: Vec<(Reason, String, String)>,
    error: Option<YamlError>,
    /// Tells whether a key is given more than once.
    repeats: bool,
    /// Those in the objects that are of use.
    duplicates: Vec<Duplicate>,
    /// As in [`Loaded::facts`].
    facts: Vec<Facts>,
}

impl PartObjects {
    /// Forgets the JSON text that can be made of that of the file again, once it is known what it tells.
    fn without_json(mut self, file: &str) -> Self {
        // A List of thousands is one part.
        self.facts = parallel::map(&self.items, FEW, |item| item.facts(item.text(file)));
        for item in &mut self.items {
            if let Json::Converted(_, range) = &mut item.json {
                item.json = Json::Forgotten(std::mem::take(range));
            }
        }
        self
    }
}

fn objects(lines: &Lines<'_>, index: usize, part: &Part, reader: Reader<'_>) -> PartObjects {
    let mut found = PartObjects::default();
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
        collect(text, &object, Path::default(), reader, (&mut items, &mut found), 0);
        if items.is_empty() {
            continue;
        }
        duplicates.retain(|Duplicate { path, .. }| {
            items.iter().any(|item| path.segments().starts_with(item.prefix.segments()))
        });
        found.duplicates.append(&mut duplicates);
        let converted: Option<Arc<str>> = is_converted.then(|| text.into());
        found.items.extend(items.into_iter().map(|Taken { prefix, identity, workload, fault, range }| {
            let json = match &converted {
                Some(text) => Json::Converted(Arc::clone(text), range),
                None => Json::InFile(part.start() + range.start..part.start() + range.end),
            };
            Item { part: index, document, prefix, identity, workload, fault, json }
        }));
    }
    found
}

/// An object that is of use, and where it stands in its document.
struct Taken {
    prefix: Path,
    identity: Identity,
    workload: Option<&'static Workload>,
    fault: Option<Fault>,
    range: Range<usize>,
}

/// Adds the object, or those of a List, as far as they are of use, and counts all of them.
fn collect(
    document: &str,
    object: &Head<'_>,
    prefix: Path,
    reader: Reader<'_>,
    into: (&mut Vec<Taken>, &mut PartObjects),
    lists: usize,
) {
    let (items, found) = into;
    if let Some(members) = object.items().filter(|_| lists < MAX_LISTS) {
        for (index, item) in members.iter().enumerate() {
            // The items of a DeploymentList may leave out what the list says.
            let read = Head::read(item.get()).or_else(|| Head::read_item(item.get(), object));
            let Some(item) = read else { continue };
            let prefix = prefix.clone().key("items").index(index);
            collect(document, &item, prefix, reader, (&mut *items, &mut *found), lists + 1);
        }
        return;
    }
    let (workload, fault) = match tree::class(reader.kinds, &object.api_version, &object.kind, object.text) {
        Class::Judged(workload) => (Some(workload), None),
        Class::Fault(fault) => (None, Some(fault)),
        Class::Other => (None, None),
        Class::Aside(reason, kind) => {
            let identity = object.identity(reader.namespace);
            found.objects += usize::from(reason.is_of_objects());
            found.aside.push((reason, kind, identity.to_string()));
            return;
        }
    };
    found.objects += 1;
    let identity = object.identity(reader.namespace);
    if workload.is_some() || fault.is_some() || InventoryObject::takes(identity.group(), &identity.kind) {
        let start = (object.text.as_ptr() as usize).saturating_sub(document.as_ptr() as usize);
        let range = start..start + object.text.len();
        items.push(Taken { prefix, identity, workload, fault, range });
    }
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

    /// Returns an item of a typed list.
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

    /// Returns the items, where it is a List.
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
