//! `Event`: what a document consists of.

use std::borrow::Cow;

use super::{cursor::Mark, token::Style};
use crate::syntax::yaml::document::Place;

/// Tells what a document consists of. An anchor is a number of its own within the document, 0 where there is none.
#[derive(Debug, PartialEq)]
pub(crate) enum Event<'t> {
    DocumentStart,
    DocumentEnd,
    Alias(usize),
    Scalar { text: Cow<'t, str>, style: Style, tag: Option<Cow<'t, str>>, anchor: usize },
    SequenceStart { flow: bool, anchor: usize },
    SequenceEnd,
    MappingStart { flow: bool, anchor: usize },
    MappingEnd,
}

/// Holds what of the text an event is; without anchor and tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: Mark,
    pub(crate) end: Mark,
}

impl Span {
    pub(crate) fn place(self) -> Place {
        self.start.place()
    }
}
