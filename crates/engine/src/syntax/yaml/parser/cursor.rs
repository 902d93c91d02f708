//! A place in the text that moves on, character by character and line by line.

use crate::syntax::yaml::document::{Place, YamlError};

/// A position in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    /// In bytes.
    pub(crate) byte: usize,
    /// In characters.
    pub(super) index: usize,
    /// Tells how many lines end before it.
    pub(super) line: usize,
    /// In characters of the line.
    pub(super) column: usize,
    /// Tells how many of these lines end with what ends no line elsewhere (U+0085, U+2028, U+2029), and how many characters of what
    /// is a line elsewhere come before its own.
    odd: (usize, usize),
}

impl Mark {
    /// Returns line and column, as editors count them.
    pub(crate) fn place(self) -> Place {
        Place { line: self.line - self.odd.0 + 1, column: self.column + self.odd.1 + 1 }
    }
}

/// Reads the text of one document.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    /// The text up to the end of the document.
    pub(super) text: &'t str,
    /// Tells where it is.
    pub(super) mark: Mark,
}

impl<'t> Cursor<'t> {
    /// Begins at the line that begins at `start` and has this number, counted from 0.
    pub(super) fn new(text: &'t str, start: usize, line: usize) -> Result<Self, YamlError> {
        let mut cursor = Self { text, mark: Mark { byte: start, line, ..Mark::default() } };
        let document = text.get(start..).unwrap_or_default();
        if document.starts_with('\u{feff}') {
            cursor.mark.byte += '\u{feff}'.len_utf8();
            cursor.mark.odd.1 += 1;
        }
        match document.char_indices().find(|(_, char)| !is_allowed(*char)) {
            None => Ok(cursor),
            Some((at, _)) => Err(YamlError {
                place: place_in(text, start + at),
                message: "control characters are not allowed".to_owned(),
            }),
        }
    }

    /// The byte that is `ahead` of the next one; 0 behind the end. A last line that is not ended is read as if it were.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        let at = self.mark.byte + ahead;
        match self.text.as_bytes().get(at) {
            Some(byte) => *byte,
            None if at == self.text.len() && !self.text.ends_with('\n') => b'\n',
            None => 0,
        }
    }

    /// Returns how many bytes a line break has that is `ahead`; 0 where there is none.
    pub(super) fn line_break(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' | b'\n' => 1,
            0xc2 if self.byte(ahead + 1) == 0x85 => 2,
            0xe2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    pub(super) fn is_end(&self) -> bool {
        self.byte(0) == 0
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            0 | b'\n' | b'\r' => true,
            0xc2 | 0xe2 => self.line_break(ahead) > 0,
            _ => false,
        }
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    /// Returns whether a blank, a line break or the end is `ahead`.
    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            0 | b'\n' | b'\r' | b' ' | b'\t' => true,
            0xc2 | 0xe2 => self.line_break(ahead) > 0,
            _ => false,
        }
    }

    /// Returns whether a line `---` or `...` begins here.
    pub(super) fn is_document_indicator(&self, sign: u8) -> bool {
        self.mark.column == 0 && (0..3).all(|ahead| self.byte(ahead) == sign) && self.is_blank_or_end(3)
    }

    /// Goes over one character that is no line break.
    pub(super) fn skip(&mut self) {
        self.mark.byte += match self.byte(0) {
            0 => 0,
            1..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Goes over so many characters of one byte.
    pub(super) fn skip_ascii(&mut self, count: usize) {
        self.mark.byte += count;
        self.mark.index += count;
        self.mark.column += count;
    }

    /// Goes to the end of the line.
    pub(super) fn skip_rest_of_line(&mut self) {
        while !self.is_break_or_end(0) {
            self.skip();
        }
    }

    /// Goes over blanks.
    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    /// Goes over a line break, if there is one; returns what it says in a scalar.
    pub(super) fn skip_break(&mut self) -> &'static str {
        let length = self.line_break(0);
        if length == 0 {
            return "";
        }
        let (first, last) = (self.byte(0), self.byte(2));
        self.mark.byte += length;
        self.mark.line += 1;
        match first {
            b'\r' | b'\n' => {
                self.mark.index += length;
                self.mark.odd.1 = 0;
            }
            _ => {
                self.mark.index += 1;
                self.mark.odd.0 += 1;
                self.mark.odd.1 += self.mark.column + 1;
            }
        }
        self.mark.column = 0;
        match (first, last) {
            (0xe2, 0xa8) => "\u{2028}",
            (0xe2, _) => "\u{2029}",
            _ => "\n",
        }
    }

    /// The text from one place to another.
    pub(super) fn between(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end.min(self.text.len())).unwrap_or_default()
    }

    /// An error at `mark`, or at the last character where that is the end.
    pub(super) fn error<T>(&self, mark: Mark, message: &str) -> Result<T, YamlError> {
        let written = self.text.trim_end();
        let place = if mark.byte >= written.len() { place_in(self.text, written.len()) } else { mark.place() };
        Err(YamlError { place, message: message.to_owned() })
    }
}

/// Line and column of a byte.
pub(super) fn place_in(text: &str, byte: usize) -> Place {
    let before = text.get(..byte).unwrap_or(text);
    let breaks = before
        .match_indices(['\n', '\r'])
        .filter(|(at, sign)| *sign == "\n" || !text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n')));
    let (count, start) = breaks.fold((0, 0), |(count, _), (at, _)| (count + 1, at + 1));
    let column = before.get(start..).unwrap_or_default().chars().count();
    Place { line: count + 1, column: column + 1 }
}

fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}
