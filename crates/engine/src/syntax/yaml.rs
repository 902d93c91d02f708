//! YAML as Kubernetes reads it, turned into JSON text, with the place of every field.
//!
//! One front end for manifests and policies: the JSON text goes to the same readers that AdmissionReviews go to, and a
//! [`Path`] in it leads back to line and column. What is taken, what is refused and what it says is as with `kubectl`
//! (`sigs.k8s.io/yaml`): anchors, aliases and merge keys (`<<`) are resolved, and of a key that is given twice the last counts.

pub mod find;
pub mod layout;
mod parser;
mod reader;
pub mod stream;
mod tags;
mod writer;

use std::{borrow::Cow, fmt, rc::Rc};

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
    Scalar {
        text: Cow<'t, str>,
        plain: bool,
    },
    List(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
    Alias(Rc<Node<'t>>),
    /// A mapping with a key that JSON cannot have, at this place.
    Unfit(Place),
}

#[derive(Debug, Clone)]
struct Member<'t> {
    name: Cow<'t, str>,
    place: Place,
    value: Node<'t>,
    /// Whether it comes from a mapping that this one merges.
    merged: bool,
    /// Where its name stood before, if it is given more than once.
    earlier: Option<Place>,
}

/// A key that a mapping gives more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The field.
    pub path: Path,
    /// Where it is given last: this one counts.
    pub place: Place,
    /// Where it is given before.
    pub earlier: Place,
}

/// Reads a stream of documents. Empty documents are left out.
pub fn documents(text: &str) -> Result<Vec<Document<'_>>, YamlError> {
    reader::documents(text)
}

impl Document<'_> {
    /// The document as JSON text.
    pub fn to_json(&self) -> Result<String, YamlError> {
        writer::json(&self.root)
    }

    /// The keys that are given more than once, in the order of the text.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let mut duplicates = Vec::new();
        self.root.duplicates(&Path::default(), &mut duplicates);
        duplicates
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

    /// Whether it is an alias as it is written, not what an alias may name.
    fn is_alias(&self) -> bool {
        matches!(&self.content, Content::Alias(target) if target.extent != self.extent)
    }

    /// About what a copy of it costs, in nodes; aliases are not copied.
    fn weight(&self) -> usize {
        let inner: usize = match &self.content {
            Content::Scalar { text, .. } => text.len() / size_of::<Self>(),
            Content::List(items) => items.iter().map(Self::weight).sum(),
            Content::Object(members) => members.iter().map(|member| member.value.weight()).sum(),
            Content::Alias(_) | Content::Unfit(_) => 0,
        };
        inner + 1
    }

    fn duplicates(&self, path: &Path, into: &mut Vec<Duplicate>) {
        match &self.content {
            Content::Object(members) => {
                for member in members.iter().filter(|member| !member.merged) {
                    let path = path.clone().key(member.name.to_string());
                    member.value.duplicates(&path, into);
                    if let Some(earlier) = member.earlier {
                        into.push(Duplicate { path, place: member.place, earlier });
                    }
                }
            }
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.duplicates(&path.clone().index(index), into);
                }
            }
            // Only where it is written.
            Content::Alias(target) if !self.is_alias() => target.duplicates(path, into),
            Content::Scalar { .. } | Content::Alias(_) | Content::Unfit(_) => {}
        }
    }

    fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(scalar::resolve(text), Scalar::Null))
    }
}

/// The name of a member that is written as `text`; `None` where that is none.
fn member_name(text: Cow<'_, str>, plain: bool) -> Option<Cow<'_, str>> {
    if !plain {
        return Some(text);
    }
    match scalar::resolve(&text) {
        Scalar::String(_) => Some(text),
        other => other.key().map(Cow::Owned),
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
        assert_eq!(error("a: .nan\n"), "1:4: .nan has no JSON form");
        assert!(error("a: [1\nb: 2\n").starts_with("2:"));
        assert!(error("a: *x\n").starts_with("1:4"));
        assert!(error("{[a]: 1}\n").contains("a key has to be a string"));
        assert!(error(&"[".repeat(5000)).len() < 200);
    }

    #[test]
    fn what_yaml_1_2_refuses() {
        assert_eq!(json("a: \"x\ny\n\nz\"\nb: 'x\n y'\n"), r#"{"a":"x y\nz","b":"x y"}"#);
        assert_eq!(json("a:\t\"x\"#c\nb: [\n\t1,\n\t2]\nc: \"\\'\"\n"), r#"{"a":"x","b":[1,2],"c":"'"}"#);
        assert_eq!(json("a: 1\n---\n\u{feff}b: 2\n"), "{\"a\":1}\n{\"b\":2}");
        assert_eq!(json("a: 2.592e+06\nb: 3.0\nc: 1e-7\n"), r#"{"a":2592000,"b":3,"c":1e-7}"#);
    }

    #[test]
    fn what_kubectl_refuses() {
        assert_eq!(error("a: \"\\/\"\n"), "1:5: an unknown escape in a text in double quotes");
        assert!(error("a: 1\n--- b\n").starts_with("2:1: a line that begins with ---"));
        assert!(error("%YAML 1.1\n---\na: 1\n").starts_with("1:1: a directive without a document"));
        assert!(error("a: 1\n\tb: 2\n").starts_with("2:1: a tab"));
        assert!(error("a: \u{7}\n").starts_with("1:4: control characters"));
        assert_eq!(error("a: 1\nfoo\nb: 2\n"), "2:1: a key without ':'");
        assert_eq!(error("a: \"x\n"), "1:4: a quoted text that is not ended");
    }

    #[test]
    fn of_a_key_given_twice_the_last_counts() {
        let text = "a: 1\nb: [{c: 1, c: {d: 2}}]\na: 3\n";
        assert_eq!(json(text), r#"{"a":3,"b":[{"c":{"d":2}}]}"#);
        let documents = documents(text).unwrap();
        let duplicates: Vec<String> = documents[0]
            .duplicates()
            .iter()
            .map(|Duplicate { path, place, earlier }| format!("{path} {earlier} {place}"))
            .collect();
        assert_eq!(duplicates, ["a 1:1 3:1", "b[0].c 2:6 2:12"]);
        assert_eq!(documents[0].place(&Path::of(&["b"]).index(0).key("c").key("d")).to_string(), "2:16");
        // What comes later in the mapping counts, be it merged or not; and a merged member is given once.
        let merging = "x: &x {p: 1, q: 2}\na: {p: 3, <<: *x, q: 4}\n";
        assert_eq!(json(merging), r#"{"x":{"p":1,"q":2},"a":{"p":1,"q":4}}"#);
        assert!(super::documents(merging).unwrap()[0].duplicates().is_empty());
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
