//! The text of a document, cut into tokens.
//!
//! This follows the scanner of libyaml (Copyright 2006-2010 Kirill Simonov, MIT licence) as go-yaml v2 has it, which is what
//! Kubernetes reads with: YAML 1.1 with its leniencies. What stands before a `:` is only known to be a key when that is
//! reached, so tokens wait until it is decided.

use std::collections::VecDeque;

use super::{
    super::{MAX_DEPTH, YamlError},
    cursor::{Cursor, Mark},
    token::{Kind, Token},
};

/// Tells how many characters may stand between the beginning of a key and its colon.
const MAX_KEY: usize = 1024;

/// Holds what may turn out to be a key that is written without `?`.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// Tells whether nothing else may stand there.
    required: bool,
    /// Tells whether the tokens from its own on wait for its colon.
    awaited: bool,
    token: usize,
    mark: Mark,
}

#[derive(Debug)]
pub(super) struct Scanner<'t> {
    pub(super) cursor: Cursor<'t>,
    tokens: VecDeque<Token<'t>>,
    /// Tells how many tokens were taken.
    taken: usize,
    /// The column of the innermost block; -1 outside of all.
    pub(super) indent: i64,
    indents: Vec<i64>,
    pub(super) flow_level: usize,
    pub(super) simple_key_allowed: bool,
    /// One for each flow level, and one for the blocks.
    simple_keys: Vec<SimpleKey>,
    ended: bool,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(cursor: Cursor<'t>) -> Self {
        Self {
            cursor,
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            ended: false,
        }
    }

    /// The next token; the last one is [`Kind::End`], again and again.
    pub(super) fn peek(&mut self) -> Result<&Token<'t>, YamlError> {
        while !self.ended && (self.tokens.is_empty() || self.next_waits()?) {
            self.fetch()?;
        }
        if self.tokens.is_empty() {
            self.add(Kind::End, self.cursor.mark);
        }
        match self.tokens.front() {
            Some(token) => Ok(token),
            None => self.cursor.error(self.cursor.mark, "the document ends too early"),
        }
    }

    /// Takes the token that was peeked at.
    pub(super) fn take(&mut self) -> Result<Token<'t>, YamlError> {
        self.peek()?;
        self.taken += 1;
        match self.tokens.pop_front() {
            Some(token) => Ok(token),
            None => self.cursor.error(self.cursor.mark, "the document ends too early"),
        }
    }

    /// Returns whether it is not known yet if the next token begins a key.
    fn next_waits(&mut self) -> Result<bool, YamlError> {
        let from = self.simple_keys.partition_point(|key| key.token < self.taken);
        let keys = self.simple_keys.get(from..).unwrap_or_default();
        let Some(at) = keys.iter().take_while(|key| key.token == self.taken).position(|key| key.awaited) else {
            return Ok(false);
        };
        self.is_possible(from + at)
    }

    fn is_possible(&mut self, at: usize) -> Result<bool, YamlError> {
        let now = self.cursor.mark;
        let Some(key) = self.simple_keys.get_mut(at).filter(|key| key.possible) else { return Ok(false) };
        if key.mark.line < now.line || key.mark.index + MAX_KEY < now.index {
            if key.required {
                let mark = key.mark;
                return self.cursor.error(mark, "a key without ':'");
            }
            key.possible = false;
        }
        Ok(key.possible)
    }

    pub(super) fn column(&self) -> i64 {
        i64::try_from(self.cursor.mark.column).unwrap_or(i64::MAX)
    }

    fn add(&mut self, kind: Kind<'t>, start: Mark) {
        self.tokens.push_back(Token { kind, start, end: self.cursor.mark });
    }

    /// Puts a token before the one of this number, counted from the first of the document.
    fn insert(&mut self, number: usize, kind: Kind<'t>, mark: Mark) {
        let at = number.checked_sub(self.taken).unwrap_or(self.tokens.len()).min(self.tokens.len());
        self.tokens.insert(at, Token { kind, start: mark, end: mark });
    }

    /// Reads one more token.
    fn fetch(&mut self) -> Result<(), YamlError> {
        self.skip_to_token();
        self.unroll(self.column());
        let cursor = &self.cursor;
        let (byte, start) = (cursor.byte(0), cursor.mark);
        let in_flow = self.flow_level > 0;
        match byte {
            0 => return self.end(),
            b'%' if cursor.mark.column == 0 => {
                self.leave_blocks()?;
                let kind = self.directive()?;
                self.add(kind, start);
            }
            b'-' | b'.' if cursor.is_document_indicator(byte) => {
                self.leave_blocks()?;
                self.cursor.skip_ascii(3);
                self.add(if byte == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd }, start);
            }
            b'[' => self.open(Kind::FlowSequenceStart)?,
            b'{' => self.open(Kind::FlowMappingStart)?,
            b']' => self.close(Kind::FlowSequenceEnd)?,
            b'}' => self.close(Kind::FlowMappingEnd)?,
            b',' => {
                self.forget_key()?;
                self.simple_key_allowed = true;
                self.sign(Kind::FlowEntry);
            }
            b'-' if cursor.is_blank_or_end(1) => {
                self.begin_in_block(Kind::BlockSequenceStart, "a list item cannot begin here")?;
                self.forget_key()?;
                self.simple_key_allowed = true;
                self.sign(Kind::BlockEntry);
            }
            b'?' if in_flow || cursor.is_blank_or_end(1) => {
                self.begin_in_block(Kind::BlockMappingStart, "a key cannot begin here")?;
                self.forget_key()?;
                self.simple_key_allowed = !in_flow;
                self.sign(Kind::Key);
            }
            b':' if in_flow || cursor.is_blank_or_end(1) => self.value()?,
            b'*' | b'&' => {
                self.save_key()?;
                self.simple_key_allowed = false;
                let name = self.anchor()?;
                self.add(if byte == b'*' { Kind::Alias(name) } else { Kind::Anchor(name) }, start);
            }
            b'!' => {
                self.save_key()?;
                self.simple_key_allowed = false;
                let kind = self.tag()?;
                self.add(kind, start);
            }
            b'|' | b'>' if !in_flow => {
                self.forget_key()?;
                self.simple_key_allowed = true;
                let token = self.block_scalar(byte == b'|')?;
                self.tokens.push_back(token);
            }
            b'\'' | b'"' => {
                self.save_key()?;
                self.simple_key_allowed = false;
                let token = self.quoted_scalar(byte)?;
                self.tokens.push_back(token);
            }
            _ if self.begins_plain_scalar(byte) => {
                self.save_key()?;
                self.simple_key_allowed = false;
                let token = self.plain_scalar()?;
                self.tokens.push_back(token);
            }
            b'\t' => return cursor.error(start, "a tab where the line's indentation is expected"),
            _ => {
                let message = format!("nothing can begin with '{}'", char::from(byte));
                return cursor.error(start, &message);
            }
        }
        Ok(())
    }

    fn begins_plain_scalar(&self, byte: u8) -> bool {
        if self.cursor.is_blank_or_end(0) {
            return false;
        }
        match byte {
            b'-' => !self.cursor.is_blank(1),
            b'?' | b':' => self.flow_level == 0 && !self.cursor.is_blank_or_end(1),
            _ => !b",[]{}#&*!|>'\"%@`".contains(&byte),
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.cursor.byte(0) == b' ' || (tabs && self.cursor.byte(0) == b'\t') {
                self.cursor.skip();
            }
            if self.cursor.byte(0) == b'#' {
                self.cursor.skip_rest_of_line();
            }
            if self.cursor.line_break(0) == 0 {
                return;
            }
            self.cursor.skip_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// A token of one character.
    fn sign(&mut self, kind: Kind<'t>) {
        let start = self.cursor.mark;
        self.cursor.skip();
        self.add(kind, start);
    }

    fn end(&mut self) -> Result<(), YamlError> {
        self.unroll(-1);
        self.forget_key()?;
        self.simple_key_allowed = false;
        self.ended = true;
        self.add(Kind::End, self.cursor.mark);
        Ok(())
    }

    fn leave_blocks(&mut self) -> Result<(), YamlError> {
        self.unroll(-1);
        self.forget_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    fn open(&mut self, kind: Kind<'t>) -> Result<(), YamlError> {
        self.save_key()?;
        let token = self.taken + self.tokens.len();
        self.simple_keys.push(SimpleKey { token, mark: self.cursor.mark, ..SimpleKey::default() });
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return self.cursor.error(self.cursor.mark, "nested too deep");
        }
        self.simple_key_allowed = true;
        self.sign(kind);
        Ok(())
    }

    fn close(&mut self, kind: Kind<'t>) -> Result<(), YamlError> {
        self.forget_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            let closed = self.simple_keys.pop().map(|key| key.token);
            // Nothing was written in the brackets: go-yaml then no longer waits for a colon behind them.
            if let Some(outer) = self.simple_keys.last_mut().filter(|key| Some(key.token) == closed) {
                outer.awaited = false;
            }
        }
        self.simple_key_allowed = false;
        self.sign(kind);
        Ok(())
    }

    /// Begins a block collection at this column, unless it is one that is already there.
    fn begin_in_block(&mut self, kind: Kind<'t>, message: &str) -> Result<(), YamlError> {
        if self.flow_level > 0 {
            return Ok(());
        }
        if !self.simple_key_allowed {
            return self.cursor.error(self.cursor.mark, message);
        }
        self.roll(self.column(), self.taken + self.tokens.len(), kind, self.cursor.mark)
    }

    fn roll(&mut self, column: i64, number: usize, kind: Kind<'t>, mark: Mark) -> Result<(), YamlError> {
        if self.flow_level == 0 && self.indent < column {
            self.indents.push(self.indent);
            self.indent = column;
            if self.indents.len() > MAX_DEPTH {
                return self.cursor.error(mark, "nested too deep");
            }
            self.insert(number, kind, mark);
        }
        Ok(())
    }

    fn unroll(&mut self, column: i64) {
        while self.flow_level == 0 && self.indent > column {
            self.add(Kind::BlockEnd, self.cursor.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn save_key(&mut self) -> Result<(), YamlError> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.forget_key()?;
        let required = self.flow_level == 0 && self.indent == self.column();
        let token = self.taken + self.tokens.len();
        if let Some(last) = self.simple_keys.last_mut() {
            *last = SimpleKey { possible: true, required, awaited: true, token, mark: self.cursor.mark };
        }
        Ok(())
    }

    fn forget_key(&mut self) -> Result<(), YamlError> {
        let Some(last) = self.simple_keys.last_mut().filter(|key| key.possible) else { return Ok(()) };
        if last.required {
            let mark = last.mark;
            return self.cursor.error(mark, "a key without ':'");
        }
        (last.possible, last.awaited) = (false, false);
        Ok(())
    }

    /// A `:`, behind a key or not.
    fn value(&mut self) -> Result<(), YamlError> {
        let last = self.simple_keys.len().saturating_sub(1);
        if self.is_possible(last)? {
            let key = self.simple_keys.get(last).copied().unwrap_or_default();
            self.insert(key.token, Kind::Key, key.mark);
            let column = i64::try_from(key.mark.column).unwrap_or(i64::MAX);
            self.roll(column, key.token, Kind::BlockMappingStart, key.mark)?;
            if let Some(key) = self.simple_keys.get_mut(last) {
                (key.possible, key.awaited) = (false, false);
            }
            self.simple_key_allowed = false;
        } else {
            self.begin_in_block(Kind::BlockMappingStart, "there cannot be another ':' here")?;
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.sign(Kind::Value);
        Ok(())
    }
}
