//! YAML as Kubernetes reads it, turned into JSON text, with the place of every field.
//!
//! One front end serves manifests and policies: the JSON text goes to the same readers that AdmissionReviews go to, and a
//! [`Path`] in it leads back to line and column. The parser gives events ([YAML 1.2](https://yaml.org/spec/1.2.2/)); what a plain
//! scalar means is decided as [sigs.k8s.io/yaml](https://github.com/kubernetes-sigs/yaml) does for `kubectl`, in [`scalar`].
//! Anchors, aliases and merge keys (`<<`) are resolved, within limits, because a few lines of aliases may stand for gigabytes; a
//! duplicate key is an error, as with `kubectl`'s strict validation. Most documents have nothing unusual in them: [`stream`]
//! turns them into JSON and [`find`] looks up places without keeping anything, and both hand over to [`documents`], which
//! keeps the tree, where only that can tell.

pub mod find;
pub mod layout;
pub mod stream;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
    ops::Range,
    rc::Rc,
};

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span, StructureStyle, Tag};
use thiserror::Error;

use super::{
    Path,
    path::Segment,
    scalar::{self, Scalar},
};

/// What aliases may blow a document up to, in nodes: far beyond any real manifest, far below what would hurt.
const MAX_NODES: usize = 4_000_000;
/// How long the JSON text may be that aliases blow a document up to, in bytes.
const MAX_JSON_BYTES: usize = 128 * 1024 * 1024;
/// How deep a document may nest.
const MAX_DEPTH: usize = 512;

/// A position in the text, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// Where every text begins.
    pub const START: Self = Self { line: 1, column: 1 };

    fn at(mark: &Marker) -> Self {
        Self { line: mark.line(), column: mark.col() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Text that is no YAML, or YAML that is no JSON.
#[derive(Debug, Error)]
#[error("{place}: {message}")]
pub struct YamlError {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

/// One document of a YAML stream.
#[derive(Debug)]
pub struct Document<'t> {
    root: Node<'t>,
}

#[derive(Debug, Clone)]
struct Node<'t> {
    place: Place,
    content: Content<'t>,
    /// What of the text it is made of.
    extent: Extent,
}

/// A stretch of the text, in bytes: without comments, line ends and marks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    start: usize,
    end: usize,
    /// Where the last member or item in it ends; its own start where there is none.
    last: usize,
    /// Whether it is written in brackets.
    flow: bool,
}

impl Extent {
    fn add(&mut self, inner: Self) {
        (self.last, self.end) = (inner.end, inner.end);
    }

    /// Brackets end where they are closed; what has none ends with the last thing in it.
    fn close(&mut self, end: usize) {
        if self.flow {
            self.end = end;
        }
    }
}

#[derive(Debug, Clone)]
enum Content<'t> {
    Scalar { text: Cow<'t, str>, plain: bool },
    List(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
    Alias(Rc<Node<'t>>),
}

#[derive(Debug, Clone)]
struct Member<'t> {
    name: Cow<'t, str>,
    place: Place,
    value: Node<'t>,
}

/// Reads a stream of documents. Empty documents are left out.
pub fn documents(text: &str) -> Result<Vec<Document<'_>>, YamlError> {
    let mut reader =
        Reader { text, parser: Parser::new_from_str_with_options(text, options()), anchors: HashMap::new(), nodes: 0 };
    let mut documents = Vec::new();
    while let Some((event, _)) = reader.next()? {
        if let Event::DocumentStart(..) = event {
            reader.anchors.clear();
            let root = reader.node(0)?;
            if !root.target().is_null() {
                documents.push(Document { root });
            }
        }
    }
    Ok(documents)
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options
}

impl Document<'_> {
    /// The document as JSON text.
    pub fn to_json(&self) -> Result<String, YamlError> {
        let mut writer = Writer { json: String::new(), nodes: 0 };
        writer.node(&self.root, 0)?;
        Ok(writer.json)
    }

    /// Where the document begins.
    pub fn start(&self) -> Place {
        self.root.place
    }

    /// Where the value of the field at `path` stands, and its text where that is one word or text; `None` where there is none.
    pub fn value(&self, path: &Path) -> Option<(Place, Option<&str>)> {
        let mut node = &self.root;
        for segment in path.segments() {
            node = match (segment, &node.target().content) {
                (Segment::Key(key), Content::Object(members)) => {
                    members.iter().find(|member| member.name == **key).map(|member| &member.value)
                }
                (Segment::Index(index), Content::List(items)) => items.get(*index),
                _ => None,
            }?;
        }
        let text = match &node.content {
            Content::Scalar { text, .. } => Some(&**text),
            _ => None,
        };
        Some((node.place, text))
    }

    /// Where the field at `path` stands: the name of a member, the first character of an item. A field that is absent stands
    /// at its nearest ancestor that is there.
    pub fn place(&self, path: &Path) -> Place {
        let (mut node, mut place) = (self.root.target(), self.root.place);
        for segment in path.segments() {
            let next = match (segment, &node.content) {
                (Segment::Key(key), Content::Object(members)) => {
                    members.iter().find(|member| member.name == **key).map(|member| (&member.value, member.place))
                }
                (Segment::Index(index), Content::List(items)) => items.get(*index).map(|item| (item, item.place)),
                _ => None,
            };
            let Some((value, at)) = next else { break };
            (node, place) = (value.target(), at);
        }
        place
    }
}

impl<'t> Node<'t> {
    /// The node itself, or what it is an alias of.
    fn target(&self) -> &Node<'t> {
        match &self.content {
            Content::Alias(target) => target.target(),
            _ => self,
        }
    }

    /// About what a copy of it costs, in nodes; aliases are not copied.
    fn weight(&self) -> usize {
        let inner: usize = match &self.content {
            Content::Scalar { text, .. } => text.len() / size_of::<Self>(),
            Content::List(items) => items.iter().map(Self::weight).sum(),
            Content::Object(members) => members.iter().map(|member| member.value.weight()).sum(),
            Content::Alias(_) => 0,
        };
        inner + 1
    }

    fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(scalar::resolve(text), Scalar::Null))
    }
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    anchors: HashMap<usize, Rc<Node<'t>>>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => Err(YamlError { place: Place::at(error.marker()), message: error.info() }),
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node<'t>, YamlError> {
        let Some((event, span)) = self.next()? else {
            return Err(YamlError { place: Place::START, message: "the document ends too early".to_owned() });
        };
        self.node_from(event, span, depth)
    }

    fn node_from(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node<'t>, YamlError> {
        let place = Place::at(&span.start);
        let fail = |message: &str| Err(YamlError { place, message: message.to_owned() });
        if depth > MAX_DEPTH {
            return fail("nested too deep");
        }
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return fail("it has too many values");
        }
        let byte = |span: &Span| span.byte_range().unwrap_or_default();
        let Range { start, end } = byte(&span);
        let mut extent = Extent { start, end, last: start, flow: false };
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = is_plain(style, tag.as_deref());
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    extent.end = self.block_scalar_end(&text, &extent);
                }
                (Content::Scalar { text, plain }, anchor)
            }
            Event::SequenceStart(style, anchor, _) => {
                extent.flow = style == StructureStyle::Flow;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        None => break,
                        Some((Event::SequenceEnd, span)) => {
                            extent.close(byte(&span).end);
                            break;
                        }
                        Some((event, span)) => {
                            let item = self.node_from(event, span, depth + 1)?;
                            extent.add(item.extent);
                            items.push(item);
                        }
                    }
                }
                (Content::List(items), anchor)
            }
            Event::MappingStart(style, anchor, _) => {
                extent.flow = style == StructureStyle::Flow;
                (Content::Object(self.members(depth, &mut extent)?), anchor)
            }
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor) else {
                    return fail("an alias of something that is not finished");
                };
                (Content::Alias(Rc::clone(target)), 0)
            }
            _ => return fail("not understood"),
        };
        if anchor == 0 {
            return Ok(Node { place, content, extent });
        }
        let node = Rc::new(Node { place, content, extent });
        self.anchors.insert(anchor, Rc::clone(&node));
        Ok(Node { place, content: Content::Alias(node), extent })
    }

    /// Where a block scalar ends: the parser counts the white space in that follows it. Empty lines only belong to it where it
    /// keeps them (`|+`).
    fn block_scalar_end(&self, value: &str, extent: &Extent) -> usize {
        let written = self.text.get(extent.start..extent.end).unwrap_or_default();
        let kept = if value.ends_with("\n\n") { written.trim_end_matches([' ', '\t']) } else { written.trim_end() };
        extent.start + kept.len()
    }

    fn members(&mut self, depth: usize, extent: &mut Extent) -> Result<Vec<Member<'t>>, YamlError> {
        let mut members: Vec<Member<'t>> = Vec::new();
        let mut known = Names::default();
        let mut merged: Vec<Node<'t>> = Vec::new();
        loop {
            let (key, place, plain, key_end) = match self.next()? {
                None => break,
                Some((Event::MappingEnd, span)) => {
                    extent.close(span.byte_range().unwrap_or_default().end);
                    break;
                }
                Some((event, span)) => {
                    let key = self.node_from(event, span, depth + 1)?;
                    let Content::Scalar { text, plain } = &key.target().content else {
                        return Err(YamlError { place: key.place, message: "a key has to be a string".to_owned() });
                    };
                    (text.clone(), key.place, *plain, key.extent.end)
                }
            };
            let mut value = self.node(depth + 1)?;
            if value.extent.end <= key_end {
                // Nothing is written for it; it stands behind the colon.
                let rest = self.text.get(key_end..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start().len();
                let end = if rest.trim_start().starts_with(':') { key_end + blank + 1 } else { key_end };
                value.extent = Extent { start: end, end, last: end, flow: false };
            }
            extent.add(value.extent);
            if plain && key == "<<" {
                merged.push(value);
                continue;
            }
            let Some(name) = member_name(key, plain) else {
                return Err(YamlError { place, message: "a key may not be null".to_owned() });
            };
            if !known.add(&name, &members) {
                return Err(YamlError { place, message: format!("key \"{name}\" is given twice") });
            }
            members.push(Member { name, place, value });
        }
        for node in merged {
            self.merge(&node, &mut members, &mut known)?;
        }
        Ok(members)
    }

    /// Adds the members of a merged mapping, or of a list of such, that are not there yet.
    fn merge(&mut self, node: &Node<'t>, members: &mut Vec<Member<'t>>, known: &mut Names) -> Result<(), YamlError> {
        match &node.target().content {
            Content::Object(from) => {
                for member in from {
                    self.nodes += member.value.weight();
                    if self.nodes > MAX_NODES {
                        return Err(YamlError {
                            place: node.place,
                            message: "aliases blow the document up too far".to_owned(),
                        });
                    }
                    if known.add(&member.name, members) {
                        // Its extent is none of its own: nothing is to be added there.
                        let value = Node {
                            place: member.value.place,
                            extent: Extent { start: 0, end: 0, last: 0, flow: false },
                            content: Content::Alias(Rc::new(member.value.clone())),
                        };
                        members.push(Member { name: member.name.clone(), place: member.place, value });
                    }
                }
                Ok(())
            }
            Content::List(items) => items.iter().try_for_each(|item| self.merge(item, members, known)),
            _ => Err(YamlError { place: node.place, message: "<< takes a mapping or a list of mappings".to_owned() }),
        }
    }
}

/// The names in a mapping. Most mappings are small: looking through them is quicker than keeping a set.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// Whether `name` is new to a mapping that has these members so far.
    fn add(&mut self, name: &str, members: &[Member<'_>]) -> bool {
        const FEW: usize = 16;
        if members.len() < FEW {
            return members.iter().all(|member| member.name != name);
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|member| member.name.to_string()));
        }
        self.0.insert(name.to_owned())
    }
}

fn is_string_tag(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"))
}

/// Whether what a scalar says depends on its text.
fn is_plain(style: ScalarStyle, tag: Option<&Tag>) -> bool {
    style == ScalarStyle::Plain && !is_string_tag(tag)
}

/// The name of a member that is written as `text`; `None` where that is null.
fn member_name(text: Cow<'_, str>, plain: bool) -> Option<Cow<'_, str>> {
    if !plain {
        return Some(text);
    }
    match scalar::resolve(&text) {
        Scalar::String(_) => Some(text),
        other => other.key().map(Cow::Owned),
    }
}

struct Writer {
    json: String,
    nodes: usize,
}

impl Writer {
    fn node(&mut self, node: &Node<'_>, depth: usize) -> Result<(), YamlError> {
        let fail = |message: String| Err(YamlError { place: node.place, message });
        self.nodes += 1;
        if self.nodes > MAX_NODES || self.json.len() > MAX_JSON_BYTES {
            return fail("aliases blow the document up too far".to_owned());
        }
        if depth > MAX_DEPTH {
            return fail("nested too deep".to_owned());
        }
        match &node.content {
            Content::Alias(target) => self.node(target, depth + 1)?,
            Content::Scalar { text, plain: false } => self.string(text),
            Content::Scalar { text, plain: true } => match scalar::resolve(text) {
                Scalar::NoJson => return fail(format!("{text} has no JSON form")),
                Scalar::String(text) => self.string(text),
                other => self.json.push_str(&other.json()),
            },
            Content::List(items) => {
                self.json.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.json.push(',');
                    }
                    self.node(item, depth + 1)?;
                }
                self.json.push(']');
            }
            Content::Object(members) => {
                self.json.push('{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        self.json.push(',');
                    }
                    self.string(&member.name);
                    self.json.push(':');
                    self.node(&member.value, depth + 1)?;
                }
                self.json.push('}');
            }
        }
        Ok(())
    }

    fn string(&mut self, text: &str) {
        push_string(&mut self.json, text);
    }
}

/// Adds `text` as a JSON string.
fn push_string(json: &mut String, text: &str) {
    let plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if plain {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        // A `Value` prints itself; writing a string cannot fail.
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(yaml: &str) -> String {
        let documents = documents(yaml).unwrap();
        documents.iter().map(|document| document.to_json().unwrap()).collect::<Vec<_>>().join("\n")
    }

    fn error(yaml: &str) -> String {
        let read = documents(yaml)
            .and_then(|documents| documents.iter().map(Document::to_json).collect::<Result<Vec<_>, _>>());
        read.unwrap_err().to_string()
    }

    #[test]
    fn documents_become_json() {
        assert_eq!(
            json("a: 1\nb: [x, {c: null}]\n---\n---\n\"d\": \"1\"\n"),
            "{\"a\":1,\"b\":[\"x\",{\"c\":null}]}\n{\"d\":\"1\"}"
        );
        assert_eq!(json("a: |\n  two\n  lines\nb: >-\n  one\n  line\n"), r#"{"a":"two\nlines\n","b":"one line"}"#);
        assert_eq!(json("# nothing\n"), "");
        assert_eq!(json("a: !!str 1\n"), r#"{"a":"1"}"#);
        assert_eq!(json("on: x\n1: z\n"), r#"{"true":"x","1":"z"}"#);
    }

    #[test]
    fn aliases_and_merge_keys() {
        assert_eq!(json("a: &x {p: 1}\nb: *x\n"), r#"{"a":{"p":1},"b":{"p":1}}"#);
        assert_eq!(json("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  p: 3\n"), r#"{"a":{"p":1,"q":2},"b":{"p":3,"q":2}}"#);
        assert_eq!(
            json("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n"),
            r#"{"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}}"#
        );
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(error("a: 1\nb: 2\na: 3\n"), "3:1: key \"a\" is given twice");
        assert_eq!(error("a: .nan\n"), "1:4: .nan has no JSON form");
        assert!(error("a: [1\nb: 2\n").starts_with("2:"));
        assert!(error("a: *x\n").starts_with("1:4"));
        assert!(error("{[a]: 1}\n").contains("a key has to be a string"));
        assert!(error(&"[".repeat(5000)).len() < 200);
    }

    #[test]
    fn an_alias_bomb_is_stopped() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let aliases = vec![format!("*a{before}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(error(&bomb).contains("aliases blow the document up too far"));
    }

    #[test]
    fn places() {
        let yaml =
            "kind: Pod\nspec:\n  containers:\n  - name: a\n    ports: [{containerPort: 1}, {containerPort: 2}]\n";
        let documents = documents(yaml).unwrap();
        let place = |path: Path| documents[0].place(&path).to_string();
        let container = Path::of(&["spec", "containers"]).index(0);
        assert_eq!(place(Path::default()), "1:1");
        assert_eq!(place(Path::of(&["spec"])), "2:1");
        assert_eq!(place(container.clone()), "4:5");
        assert_eq!(place(container.clone().key("ports").index(1).key("containerPort")), "5:34");
        assert_eq!(place(container.clone().key("readinessProbe").key("httpGet")), "4:5");
        assert_eq!(place(container.index(3)), "4:5");
    }
}
