//! `Document`: a YAML document as a tree that keeps where each node stands.

use std::{borrow::Cow, fmt, rc::Rc};

use thiserror::Error;

use crate::syntax::{
    Path,
    path::Segment,
    scalar::{self, Scalar},
};

/// Limits what aliases may blow a document up to, in nodes: far beyond any real manifest, far below what would hurt.
pub(super) const MAX_NODES: usize = 4_000_000;
/// Tells how long the JSON text may be that aliases blow a document up to, in bytes.
pub(super) const MAX_JSON_BYTES: usize = 128 * 1024 * 1024;
/// Tells how deep a document may nest.
pub(super) const MAX_DEPTH: usize = 512;

/// A position in the text, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// Tells where every text begins.
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
    /// Tells where.
    pub place: Place,
    /// Holds what.
    pub message: String,
}

/// One document of a YAML stream.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) root: Node<'t>,
}

#[derive(Debug, Clone)]
pub(super) struct Node<'t> {
    pub(super) place: Place,
    pub(super) content: Content<'t>,
    /// Holds what of the text it is made of.
    pub(super) extent: Extent,
}

/// A stretch of the text, in bytes: without comments, line ends and marks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Tells where the last member or item in it ends; its own start where there is none.
    pub(super) last: usize,
    /// Tells whether it is written in brackets.
    pub(super) flow: bool,
}

impl Extent {
    pub(super) fn add(&mut self, inner: Self) {
        (self.last, self.end) = (inner.end, inner.end);
    }

    /// Brackets end where they are closed; what has none ends with the last thing in it.
    pub(super) fn close(&mut self, end: usize) {
        if self.flow {
            self.end = end;
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Content<'t> {
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
pub(super) struct Member<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) place: Place,
    pub(super) value: Node<'t>,
    /// Tells whether it comes from a mapping that this one merges.
    pub(super) merged: bool,
    /// Tells where its name stood before, if it is given more than once.
    pub(super) earlier: Option<Place>,
}

/// A key that a mapping gives more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The field.
    pub path: Path,
    /// Tells where it is given last: this one counts.
    pub place: Place,
    /// Tells where it is given before.
    pub earlier: Place,
}

impl Document<'_> {
    /// The keys that are given more than once, in the order of the text.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let mut duplicates = Vec::new();
        self.root.duplicates(&Path::default(), &mut duplicates);
        duplicates
    }

    /// Returns where the document begins.
    pub fn start(&self) -> Place {
        self.root.place
    }

    /// Returns where the value of the field at `path` stands, and its text where that is one word or text; `None` where there is none.
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

    /// Returns where the field at `path` stands: the name of a member, the first character of an item. A field that is absent stands
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
    pub(super) fn target(&self) -> &Node<'t> {
        match &self.content {
            Content::Alias(target) => target.target(),
            _ => self,
        }
    }

    /// Returns whether it is an alias as it is written, not what an alias may name.
    pub(super) fn is_alias(&self) -> bool {
        matches!(&self.content, Content::Alias(target) if target.extent != self.extent)
    }

    /// About what a copy of it costs, in nodes; aliases are not copied.
    pub(super) fn weight(&self) -> usize {
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

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(scalar::resolve(text), Scalar::Null))
    }
}

/// The name of a member that is written as `text`; `None` where that is none.
pub(super) fn member_name(text: Cow<'_, str>, plain: bool) -> Option<Cow<'_, str>> {
    if !plain {
        return Some(text);
    }
    match scalar::resolve(&text) {
        Scalar::String(_) => Some(text),
        other => other.key().map(Cow::Owned),
    }
}
