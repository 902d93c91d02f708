//! The structure of what stands in brackets.

use super::{
    super::YamlError,
    event::{Event, Span},
    states::{Context, Parser, Produced, State},
    token::{Kind, Token},
};

impl<'t> Parser<'t> {
    /// Goes over the comma before all but the first member or item, unless the brackets are closed.
    fn comma(&mut self, first: bool, close: &Kind<'t>, message: &str) -> Result<(), YamlError> {
        match self.peek()? {
            kind if first || kind == close => {}
            Kind::FlowEntry => {
                self.scanner.take()?;
            }
            _ => return self.error(message),
        }
        Ok(())
    }

    pub(super) fn flow_item(&mut self, first: bool) -> Produced<'t> {
        self.comma(first, &Kind::FlowSequenceEnd, "',' or ']' is expected")?;
        match self.peek()? {
            Kind::Key => {
                let Token { start, end, .. } = self.scanner.take()?;
                self.state = State::PairKey;
                Ok((Event::MappingStart { flow: true, anchor: 0 }, Span { start, end }))
            }
            Kind::FlowSequenceEnd => self.end_with(Event::SequenceEnd),
            _ => self.node_then(State::FlowItem { first: false }, Context::Flow),
        }
    }

    pub(super) fn pair_key(&mut self) -> Produced<'t> {
        match self.peek()? {
            // As in go-yaml, which loses the sign here: what follows is then one too few.
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                let mark = self.scanner.take()?.end;
                Ok(self.empty(State::PairValue, mark))
            }
            _ => self.node_then(State::PairValue, Context::Flow),
        }
    }

    /// The value of a member in brackets, and then `state`.
    pub(super) fn flow_value_then(&mut self, state: State, close: &Kind<'t>) -> Produced<'t> {
        let mut mark = self.scanner.peek()?.start;
        if *self.peek()? == Kind::Value {
            mark = self.scanner.take()?.end;
            let kind = self.peek()?;
            if *kind != Kind::FlowEntry && kind != close {
                return self.node_then(state, Context::Flow);
            }
        }
        Ok(self.empty(state, mark))
    }

    pub(super) fn flow_key(&mut self, first: bool) -> Produced<'t> {
        self.comma(first, &Kind::FlowMappingEnd, "',' or '}' is expected")?;
        match self.peek()? {
            Kind::Key => {
                let mark = self.scanner.take()?.end;
                match self.peek()? {
                    Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => {
                        Ok(self.empty(State::FlowValue { empty: false }, mark))
                    }
                    _ => self.node_then(State::FlowValue { empty: false }, Context::Flow),
                }
            }
            Kind::FlowMappingEnd => self.end_with(Event::MappingEnd),
            _ => self.node_then(State::FlowValue { empty: true }, Context::Flow),
        }
    }
}
