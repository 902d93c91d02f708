//! What a document is made of before its structure is known.

use std::borrow::Cow;

use super::cursor::Mark;

/// A token, and what of the text it is.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'t> {
    End,
    Version(u8, u8),
    TagDirective(&'t str, Cow<'t, str>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'t str),
    Anchor(&'t str),
    /// Its handle and what follows it; one without handle is given in full.
    Tag(&'t str, Cow<'t, str>),
    Scalar(Cow<'t, str>, Style),
}

/// Tells how a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    /// `|` or `>`.
    Block,
}
