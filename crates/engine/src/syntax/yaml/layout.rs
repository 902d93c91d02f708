//! How a document is written, for those who add to its text.

use super::{Content, Document, Node};
use crate::syntax::{Path, path::Segment};

/// Something in the text that can be added to. Places are in bytes of the document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A mapping.
    Mapping(Layout),
    /// A list.
    List(Layout),
    /// A null: where what is written for it begins and ends, which may be nothing.
    Null(usize, usize),
}

/// Tells how a mapping or list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Tells whether it stands in brackets.
    pub flow: bool,
    /// Tells where it begins: the opening bracket, or the first key or item.
    pub start: usize,
    /// Tells where its last member or item ends; `start` where it is empty.
    pub last: usize,
    /// Tells where the last item of a list begins; of a mapping, and where there is none, `start`.
    pub last_item: usize,
}

impl Document<'_> {
    /// Returns what is written at `path`. `None` where nothing is, or something that cannot be added to; also where the way leads
    /// through an alias or a merge key, since what is written there is written for others, too.
    pub fn slot(&self, path: &Path) -> Option<Slot> {
        let mut node = own(&self.root)?;
        for segment in path.segments() {
            let next = match (segment, &node.content) {
                (Segment::Key(key), Content::Object(members)) => {
                    &members.iter().find(|member| member.name == **key)?.value
                }
                (Segment::Index(index), Content::List(items)) => items.get(*index)?,
                _ => return None,
            };
            node = own(next)?;
        }
        let extent = node.extent;
        let layout = Layout { flow: extent.flow, start: extent.start, last: extent.last, last_item: extent.start };
        match &node.content {
            Content::Object(_) => Some(Slot::Mapping(layout)),
            Content::List(items) => {
                let last_item = items.last().map_or(extent.start, |item| item.extent.start);
                Some(Slot::List(Layout { last_item, ..layout }))
            }
            _ if node.is_null() => Some(Slot::Null(extent.start, extent.end)),
            _ => None,
        }
    }

    /// Returns where the first list in block style begins that is the value of a key, and the column of that key, counted from 1.
    pub fn first_list(&self) -> Option<(usize, usize)> {
        first_list(&self.root)
    }
}

/// The node where it is written, not where an alias names it.
fn own<'n, 't>(node: &'n Node<'t>) -> Option<&'n Node<'t>> {
    match &node.content {
        Content::Alias(target) => (!node.is_alias()).then_some(&**target),
        _ => Some(node),
    }
}

fn first_list(node: &Node<'_>) -> Option<(usize, usize)> {
    match &own(node)?.content {
        Content::Object(members) => members.iter().find_map(|member| {
            let value = own(&member.value)?;
            match &value.content {
                Content::List(items) if !value.extent.flow => Some((items.first()?.extent.start, member.place.column)),
                _ => first_list(value),
            }
        }),
        Content::List(items) => items.iter().find_map(first_list),
        _ => None,
    }
}
