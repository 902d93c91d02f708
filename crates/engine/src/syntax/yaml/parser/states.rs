//! The structure of one document: which token may follow which.

use std::{borrow::Cow, collections::HashMap};

use super::{
    super::YamlError,
    cursor::{Cursor, Mark},
    event::{Event, Span},
    scanner::Scanner,
    token::{Kind, Style, Token},
};

/// Tells what is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    DocumentStart,
    /// The root, which may be missing behind a `---`.
    Root {
        explicit: bool,
    },
    DocumentEnd,
    End,
    Item,
    /// An item of a list that is not indented deeper than its key.
    IndentlessItem,
    Key,
    Value,
    FlowItem {
        first: bool,
    },
    /// A mapping of one member in a list in brackets: `[key: value]`.
    PairKey,
    PairValue,
    PairEnd,
    FlowKey {
        first: bool,
    },
    FlowValue {
        empty: bool,
    },
}

/// Tells where a node may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Flow,
    Block,
    /// A block, or a list that is not indented deeper than its key.
    BlockOrIndentless,
}

pub(super) type Produced<'t> = Result<(Event<'t>, Span), YamlError>;

/// Turns the tokens of one document into events.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    pub(super) scanner: Scanner<'t>,
    pub(super) state: State,
    /// Holds what is expected once the node that is read now has ended.
    states: Vec<State>,
    tags: Vec<(&'t str, Cow<'t, str>)>,
    anchors: HashMap<&'t str, usize>,
    /// Tells how many anchors there are.
    count: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(cursor: Cursor<'t>) -> Self {
        Self {
            scanner: Scanner::new(cursor),
            state: State::DocumentStart,
            states: Vec::new(),
            tags: Vec::new(),
            anchors: HashMap::new(),
            count: 0,
        }
    }

    /// The next event; `None` behind the end of the document.
    pub(super) fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        let event = match self.state {
            State::DocumentStart => return self.document_start(),
            State::End => return Ok(None),
            State::Root { explicit } => self.root(explicit)?,
            State::DocumentEnd => {
                let mark = self.scanner.peek()?.start;
                self.state = State::End;
                (Event::DocumentEnd, Span { start: mark, end: mark })
            }
            State::Item => self.item()?,
            State::IndentlessItem => self.indentless_item()?,
            State::Key => self.key()?,
            State::Value => self.value()?,
            State::FlowItem { first } => self.flow_item(first)?,
            State::PairKey => self.pair_key()?,
            State::PairValue => self.flow_value_then(State::PairEnd, &Kind::FlowSequenceEnd)?,
            State::PairEnd => {
                let mark = self.scanner.peek()?.start;
                self.state = State::FlowItem { first: false };
                (Event::MappingEnd, Span { start: mark, end: mark })
            }
            State::FlowKey { first } => self.flow_key(first)?,
            State::FlowValue { empty: true } => {
                let mark = self.scanner.peek()?.start;
                self.empty(State::FlowKey { first: false }, mark)
            }
            State::FlowValue { empty: false } => {
                self.flow_value_then(State::FlowKey { first: false }, &Kind::FlowMappingEnd)?
            }
        };
        Ok(Some(event))
    }

    pub(super) fn peek(&mut self) -> Result<&Kind<'t>, YamlError> {
        Ok(&self.scanner.peek()?.kind)
    }

    pub(super) fn error<T>(&mut self, message: &str) -> Result<T, YamlError> {
        let mark = self.scanner.peek()?.start;
        self.scanner.cursor.error(mark, message)
    }

    /// Nothing, which is null, and then `state`.
    pub(super) fn empty(&mut self, state: State, mark: Mark) -> (Event<'t>, Span) {
        self.state = state;
        let event = Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, tag: None, anchor: 0 };
        (event, Span { start: mark, end: mark })
    }

    /// A node, and then `state`.
    pub(super) fn node_then(&mut self, state: State, context: Context) -> Produced<'t> {
        self.states.push(state);
        self.node(context)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Ends a collection with the token that closes it.
    pub(super) fn end_with(&mut self, event: Event<'t>) -> Produced<'t> {
        self.pop();
        let Token { start, end, .. } = self.scanner.take()?;
        Ok((event, Span { start, end }))
    }

    fn document_start(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        let (mut version, mut explicit) = (false, false);
        let first = self.scanner.peek()?.start;
        while matches!(self.peek()?, Kind::Version(..) | Kind::TagDirective(..)) {
            explicit = true;
            match self.scanner.take()? {
                Token { kind: Kind::Version(1, 1), .. } if !version => version = true,
                Token { kind: Kind::TagDirective(handle, prefix), .. }
                    if self.tags.iter().all(|(known, _)| *known != handle) =>
                {
                    self.tags.push((handle, prefix));
                }
                token => {
                    let message = "a directive that is given twice, or another version of YAML than 1.1";
                    return self.scanner.cursor.error(token.start, message);
                }
            }
        }
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        match token.kind {
            Kind::End if !explicit => {
                self.state = State::End;
                return Ok(None);
            }
            Kind::DocumentStart => {
                self.scanner.take()?;
                explicit = true;
            }
            _ if explicit => {
                return self.scanner.cursor.error(first, "a directive without a document: --- begins one of its own");
            }
            _ => {}
        }
        self.states.push(State::DocumentEnd);
        self.state = State::Root { explicit };
        Ok(Some((Event::DocumentStart, Span { start, end })))
    }

    fn root(&mut self, explicit: bool) -> Produced<'t> {
        let Token { kind, start, .. } = self.scanner.peek()?;
        let start = *start;
        match kind {
            Kind::Version(..) | Kind::TagDirective(..) | Kind::DocumentStart | Kind::DocumentEnd | Kind::End
                if explicit =>
            {
                self.pop();
                let state = self.state;
                Ok(self.empty(state, start))
            }
            _ => self.node(Context::Block),
        }
    }

    fn node(&mut self, context: Context) -> Produced<'t> {
        if let Kind::Alias(name) = *self.peek()? {
            let Token { start, end, .. } = self.scanner.take()?;
            self.pop();
            let Some(number) = self.anchors.get(name) else {
                return self.scanner.cursor.error(start, &format!("there is no anchor \"{name}\" before this alias"));
            };
            return Ok((Event::Alias(*number), Span { start, end }));
        }
        let properties = self.properties()?;
        let (anchor, tag) = (properties.anchor, properties.tag);
        let token = self.scanner.peek()?;
        let mut span = Span { start: token.start, end: token.end };
        let (state, event) = match &token.kind {
            Kind::BlockEntry if context == Context::BlockOrIndentless => {
                (State::IndentlessItem, Event::SequenceStart { flow: false, anchor })
            }
            Kind::Scalar(..) => {
                self.pop();
                let Token { kind: Kind::Scalar(text, style), .. } = self.scanner.take()? else {
                    return self.error("a value is expected");
                };
                return Ok((Event::Scalar { text, style, tag, anchor }, span));
            }
            Kind::FlowSequenceStart => (State::FlowItem { first: true }, Event::SequenceStart { flow: true, anchor }),
            Kind::FlowMappingStart => (State::FlowKey { first: true }, Event::MappingStart { flow: true, anchor }),
            Kind::BlockSequenceStart if context != Context::Flow => {
                (State::Item, Event::SequenceStart { flow: false, anchor })
            }
            Kind::BlockMappingStart if context != Context::Flow => {
                (State::Key, Event::MappingStart { flow: false, anchor })
            }
            _ => {
                let Some(end) = properties.end else { return self.error("a value is expected") };
                self.pop();
                span = Span { start: end, end };
                let event = Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, tag, anchor };
                return Ok((event, span));
            }
        };
        if state != State::IndentlessItem {
            self.scanner.take()?;
        }
        self.state = state;
        Ok((event, span))
    }

    /// The anchor and the tag of a node, in any order.
    fn properties(&mut self) -> Result<Properties<'t>, YamlError> {
        let mut properties = Properties::default();
        let mut has_anchor = false;
        loop {
            match self.peek()? {
                Kind::Anchor(_) if !has_anchor => has_anchor = true,
                Kind::Tag(..) if properties.tag.is_none() => {}
                _ => return Ok(properties),
            }
            let token = self.scanner.take()?;
            properties.end = Some(token.end);
            match token.kind {
                Kind::Anchor(name) => {
                    self.count += 1;
                    self.anchors.insert(name, self.count);
                    properties.anchor = self.count;
                }
                Kind::Tag(handle, suffix) => properties.tag = Some(self.tag(handle, suffix, token.start)?),
                _ => {}
            }
        }
    }

    /// A tag in full.
    fn tag(&self, handle: &'t str, suffix: Cow<'t, str>, mark: Mark) -> Result<Cow<'t, str>, YamlError> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        let prefix = match (self.tags.iter().find(|(known, _)| *known == handle), handle) {
            (Some((_, prefix)), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => "tag:yaml.org,2002:",
            _ => return self.scanner.cursor.error(mark, &format!("a tag that is not known: {handle}")),
        };
        Ok(Cow::Owned(format!("{prefix}{suffix}")))
    }

    fn item(&mut self) -> Produced<'t> {
        match self.peek()? {
            Kind::BlockEntry => {
                let mark = self.scanner.take()?.end;
                match self.peek()? {
                    Kind::BlockEntry | Kind::BlockEnd => Ok(self.empty(State::Item, mark)),
                    _ => self.node_then(State::Item, Context::Block),
                }
            }
            Kind::BlockEnd => self.end_with(Event::SequenceEnd),
            _ => self.error("a list item is expected, which begins with '-'"),
        }
    }

    fn indentless_item(&mut self) -> Produced<'t> {
        if *self.peek()? == Kind::BlockEntry {
            let mark = self.scanner.take()?.end;
            return match self.peek()? {
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => {
                    Ok(self.empty(State::IndentlessItem, mark))
                }
                _ => self.node_then(State::IndentlessItem, Context::Block),
            };
        }
        let mark = self.scanner.peek()?.start;
        self.pop();
        Ok((Event::SequenceEnd, Span { start: mark, end: mark }))
    }

    fn key(&mut self) -> Produced<'t> {
        match self.peek()? {
            Kind::Key => {
                let mark = self.scanner.take()?.end;
                match self.peek()? {
                    Kind::Key | Kind::Value | Kind::BlockEnd => Ok(self.empty(State::Value, mark)),
                    _ => self.node_then(State::Value, Context::BlockOrIndentless),
                }
            }
            Kind::BlockEnd => self.end_with(Event::MappingEnd),
            _ => self.error("a key is expected"),
        }
    }

    fn value(&mut self) -> Produced<'t> {
        if *self.peek()? == Kind::Value {
            let mark = self.scanner.take()?.end;
            return match self.peek()? {
                Kind::Key | Kind::Value | Kind::BlockEnd => Ok(self.empty(State::Key, mark)),
                _ => self.node_then(State::Key, Context::BlockOrIndentless),
            };
        }
        let mark = self.scanner.peek()?.start;
        Ok(self.empty(State::Key, mark))
    }
}

/// Holds what is written before a node.
#[derive(Default)]
struct Properties<'t> {
    anchor: usize,
    tag: Option<Cow<'t, str>>,
    /// Tells where the last of them ends.
    end: Option<Mark>,
}
