//! Scalars: plain, quoted, and blocks.

use std::{borrow::Cow, ops::Range};

use super::{
    super::YamlError,
    cursor::Mark,
    scanner::Scanner,
    token::{Kind, Style, Token},
};

/// The text of a scalar: a stretch of the document as long as that is all, a text of its own from then on.
#[derive(Debug)]
struct Value<'t> {
    document: &'t str,
    stretch: Range<usize>,
    owned: Option<String>,
}

impl<'t> Value<'t> {
    fn new(document: &'t str) -> Self {
        Self { document, stretch: 0..0, owned: None }
    }

    fn own(&mut self) -> &mut String {
        let written = self.document.get(self.stretch.clone()).unwrap_or_default();
        self.owned.get_or_insert_with(|| written.to_owned())
    }

    /// Adds a stretch of the document.
    fn push(&mut self, start: usize, end: usize) {
        let end = end.min(self.document.len());
        if self.owned.is_none() && self.stretch.is_empty() {
            self.stretch = start..end;
        } else if self.owned.is_none() && self.stretch.end == start {
            self.stretch.end = end;
        } else {
            let document = self.document;
            self.own().push_str(document.get(start..end).unwrap_or_default());
        }
    }

    fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.own().push_str(text);
        }
    }

    fn into_text(self) -> Cow<'t, str> {
        match self.owned {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(self.document.get(self.stretch).unwrap_or_default()),
        }
    }
}

/// Line breaks, and what they say between words: one is a space, of more the first is left out.
#[derive(Debug, Default)]
struct Breaks {
    first: &'static str,
    others: String,
}

impl Breaks {
    fn any(&self) -> bool {
        !self.first.is_empty()
    }

    fn add(&mut self, text: &'static str) {
        if self.first.is_empty() {
            self.first = text;
        } else {
            self.others.push_str(text);
        }
    }

    fn fold_into(&mut self, value: &mut Value<'_>) {
        match (self.first, self.others.is_empty()) {
            ("\n", true) => value.push_text(" "),
            ("\n", false) => {}
            (first, _) => value.push_text(first),
        }
        value.push_text(&self.others);
        self.first = "";
        self.others.clear();
    }
}

impl<'t> Scanner<'t> {
    /// A plain scalar, which may go on over several lines.
    pub(super) fn plain_scalar(&mut self) -> Result<Token<'t>, YamlError> {
        let (start, indent) = (self.cursor.mark, self.indent + 1);
        let (mut end, mut value) = (start, Value::new(self.cursor.text));
        let mut breaks = Breaks::default();
        loop {
            let cursor = &mut self.cursor;
            if cursor.is_document_indicator(b'-') || cursor.is_document_indicator(b'.') || cursor.byte(0) == b'#' {
                break;
            }
            let word = cursor.mark.byte;
            while !cursor.is_blank_or_end(0) {
                let byte = cursor.byte(0);
                if (byte == b':' && cursor.is_blank_or_end(1))
                    || (self.flow_level > 0 && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}'))
                {
                    break;
                }
                cursor.skip();
            }
            if cursor.mark.byte > word {
                if breaks.any() {
                    breaks.fold_into(&mut value);
                    value.push(word, cursor.mark.byte);
                } else {
                    // With the blanks before it.
                    value.push(end.byte, cursor.mark.byte);
                }
                end = cursor.mark;
            }
            if !cursor.is_blank(0) && cursor.line_break(0) == 0 {
                break;
            }
            loop {
                if cursor.is_blank(0) {
                    let column = i64::try_from(cursor.mark.column).unwrap_or(i64::MAX);
                    if breaks.any() && column < indent && cursor.byte(0) == b'\t' {
                        return cursor.error(cursor.mark, "a tab where the line's indentation is expected");
                    }
                    cursor.skip();
                } else if cursor.line_break(0) > 0 {
                    breaks.add(cursor.skip_break());
                } else {
                    break;
                }
            }
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        if breaks.any() {
            self.simple_key_allowed = true;
        }
        Ok(Token { kind: Kind::Scalar(value.into_text(), Style::Plain), start, end })
    }

    /// A scalar in single or double quotes. Its lines may be indented as they please.
    pub(super) fn quoted_scalar(&mut self, quote: u8) -> Result<Token<'t>, YamlError> {
        let start = self.cursor.mark;
        let mut value = Value::new(self.cursor.text);
        self.cursor.skip();
        loop {
            if self.cursor.is_document_indicator(b'-') || self.cursor.is_document_indicator(b'.') {
                return self.cursor.error(start, "a quoted text that is not ended before the next document");
            }
            if self.cursor.is_end() {
                return self.cursor.error(start, "a quoted text that is not ended");
            }
            let mut breaks = Breaks::default();
            let mut has_break = self.quoted_word(quote, &mut value)?;
            if self.cursor.byte(0) == quote {
                break;
            }
            let blanks = self.cursor.mark.byte;
            let mut blanks_end = blanks;
            loop {
                if self.cursor.is_blank(0) {
                    self.cursor.skip();
                    if !has_break {
                        blanks_end = self.cursor.mark.byte;
                    }
                } else if self.cursor.line_break(0) > 0 {
                    let text = self.cursor.skip_break();
                    if has_break && !breaks.any() {
                        // The first one was escaped.
                        breaks.others.push_str(text);
                    } else {
                        breaks.add(text);
                    }
                    has_break = true;
                } else {
                    break;
                }
            }
            if has_break {
                breaks.fold_into(&mut value);
            } else {
                value.push(blanks, blanks_end);
            }
        }
        self.cursor.skip();
        Ok(Token { kind: Kind::Scalar(value.into_text(), Style::Quoted), start, end: self.cursor.mark })
    }

    /// Returns what stands before the next blank, line break or closing quote. Returns whether an escaped line break ended it.
    fn quoted_word(&mut self, quote: u8, value: &mut Value<'t>) -> Result<bool, YamlError> {
        let mut from = self.cursor.mark.byte;
        while !self.cursor.is_blank_or_end(0) {
            let (byte, at) = (self.cursor.byte(0), self.cursor.mark.byte);
            if byte == quote {
                if quote == b'"' || self.cursor.byte(1) != quote {
                    break;
                }
                value.push(from, at + 1);
                self.cursor.skip_ascii(2);
                from = at + 2;
            } else if byte == b'\\' && quote == b'"' {
                value.push(from, at);
                if self.cursor.line_break(1) > 0 {
                    self.cursor.skip();
                    self.cursor.skip_break();
                    return Ok(true);
                }
                self.escape(value)?;
                from = self.cursor.mark.byte;
            } else {
                self.cursor.skip();
            }
        }
        value.push(from, self.cursor.mark.byte);
        Ok(false)
    }

    fn escape(&mut self, value: &mut Value<'t>) -> Result<(), YamlError> {
        let digits = match self.cursor.byte(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let char = match self.cursor.byte(1) {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            _ if digits > 0 => {
                let digit = |ahead: usize| char::from(self.cursor.byte(ahead)).to_digit(16);
                let code = (2..2 + digits).try_fold(0_u32, |code, ahead| Some((code << 4) | digit(ahead)?));
                let Some(char) = code.and_then(char::from_u32) else {
                    return self.cursor.error(self.cursor.mark, "an escape that names no character");
                };
                char
            }
            _ => return self.cursor.error(self.cursor.mark, "an unknown escape in a text in double quotes"),
        };
        value.push_text(char.encode_utf8(&mut [0; 4]));
        self.cursor.skip_ascii(2 + digits);
        Ok(())
    }

    /// A scalar that begins with `|` or `>`.
    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<Token<'t>, YamlError> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let (mut chomping, mut increment) = (0, 0);
        for _ in 0..2 {
            match self.cursor.byte(0) {
                sign @ (b'+' | b'-') if chomping == 0 => chomping = sign,
                b'0' if increment == 0 => {
                    return self.cursor.error(self.cursor.mark, "a block's indentation cannot be 0");
                }
                digit if digit.is_ascii_digit() && increment == 0 => increment = i64::from(digit - b'0'),
                _ => break,
            }
            self.cursor.skip();
        }
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_rest_of_line();
        }
        if !self.cursor.is_break_or_end(0) {
            return self.cursor.error(self.cursor.mark, "a block's text begins on the next line");
        }
        self.cursor.skip_break();
        let mut indent = if increment > 0 { self.indent.max(0) + increment } else { 0 };
        let mut value = Value::new(self.cursor.text);
        let mut breaks = Breaks::default();
        let mut others = String::new();
        let mut end = self.block_breaks(&mut indent, &mut others)?;
        let mut leading_blank = false;
        while self.column() == indent && !self.cursor.is_end() {
            let trailing_blank = self.cursor.is_blank(0);
            if !literal && !leading_blank && !trailing_blank && breaks.first == "\n" {
                if others.is_empty() {
                    value.push_text(" ");
                }
            } else {
                value.push_text(breaks.first);
            }
            value.push_text(&others);
            others.clear();
            leading_blank = trailing_blank;
            let line = self.cursor.mark.byte;
            self.cursor.skip_rest_of_line();
            value.push(line, self.cursor.mark.byte);
            breaks.first = self.cursor.skip_break();
            end = self.block_breaks(&mut indent, &mut others)?;
        }
        if chomping != b'-' {
            value.push_text(breaks.first);
        }
        if chomping == b'+' {
            value.push_text(&others);
        }
        Ok(Token { kind: Kind::Scalar(value.into_text(), Style::Block), start, end })
    }

    /// Goes over the indentation and empty lines; finds the indentation where it is not known yet. Returns where they end.
    fn block_breaks(&mut self, indent: &mut i64, breaks: &mut String) -> Result<Mark, YamlError> {
        let (mut end, mut deepest) = (self.cursor.mark, 0);
        loop {
            while (*indent == 0 || self.column() < *indent) && self.cursor.byte(0) == b' ' {
                self.cursor.skip();
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.cursor.byte(0) == b'\t' {
                return self.cursor.error(self.cursor.mark, "a tab where the block's indentation is expected");
            }
            if self.cursor.line_break(0) == 0 {
                break;
            }
            breaks.push_str(self.cursor.skip_break());
            end = self.cursor.mark;
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(end)
    }
}
