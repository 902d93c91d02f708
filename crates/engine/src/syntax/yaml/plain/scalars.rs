//! Scalars, and what stands around them on a line.

use super::lines::{begins_item, indentation, split_line};

/// Limits how many bytes of a line a key and what stands before its colon may have; a token of YAML may have 1024 characters.
pub(super) const MAX_KEY_BYTES: usize = 1000;

/// The text of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text<'t> {
    /// As it is written.
    Written(&'t str),
    /// It is not written as it is meant: it is in the scratch.
    InScratch,
}

impl<'t> Text<'t> {
    pub(super) fn of<'s>(self, scratch: &'s str) -> &'s str
    where
        't: 's,
    {
        match self {
            Self::Written(text) => text,
            Self::InScratch => scratch,
        }
    }
}

/// Holds what follows a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest<'t> {
    /// Nothing but perhaps a comment.
    End,
    /// A colon, and this behind it.
    Colon(&'t str),
}

/// A scalar that a line, or what is behind a dash or a colon on it, begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'t> {
    pub(super) text: Text<'t>,
    pub(super) is_plain: bool,
    pub(super) behind: Rest<'t>,
}

/// Returns whether there are tabs in a text. `None` where it has other line ends than line feeds, or characters that are not
/// allowed, or only in some places.
pub(super) fn has_tabs(text: &str) -> Option<bool> {
    let is_usual = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
    // Most texts are, which the processor finds out for many bytes at once.
    if text.as_bytes().chunks(64).all(|chunk| chunk.iter().fold(true, |usual, byte| usual & is_usual(byte))) {
        return Some(false);
    }
    let mut has_tabs = false;
    for char in text.chars() {
        match char {
            '\t' => has_tabs = true,
            '\u{2028}' | '\u{2029}' | '\u{feff}' => return None,
            ' '..='~' | '\n' | '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => {}
            _ => return None,
        }
    }
    Some(has_tabs)
}

/// Returns whether nothing but a comment is left of a line.
pub(super) fn is_rest(behind: &str) -> bool {
    let said = behind.trim_start_matches(' ');
    // A comment stands apart.
    said.is_empty() || (said.starts_with('#') && said.len() < behind.len())
}

/// Returns whether what is written here is a scalar on one line, or nothing that is known.
pub(super) fn begins_head(written: &str) -> bool {
    !written.starts_with(['[', '{', '|', '>', '&', '*'])
}

/// Returns whether a plain scalar may begin so. Some that may are not known here.
pub(super) fn begins_plain(written: &str) -> bool {
    match written.as_bytes().first() {
        Some(b'-') => !begins_item(written),
        Some(byte) => !b" ?:,[]{}#&*!|>'\"%@`".contains(byte),
        None => false,
    }
}

/// Reads a scalar that ends on its line.
pub(super) fn head<'t>(written: &'t str, scratch: &mut String) -> Option<Head<'t>> {
    let is_quoted = written.starts_with(['"', '\'']);
    let (text, behind) = if is_quoted {
        let (text, behind) = quoted(written, scratch)?;
        (text, if is_rest(behind) { "" } else { behind })
    } else {
        let (text, behind) = plain(written)?;
        (Text::Written(text), behind)
    };
    let behind = match behind.trim_start_matches(' ').strip_prefix(':') {
        None if behind.is_empty() => Rest::End,
        Some(value) if value.is_empty() || value.starts_with(' ') => {
            if written.len() - value.len() > MAX_KEY_BYTES {
                return None;
            }
            Rest::Colon(value)
        }
        _ => return None,
    };
    Some(Head { text, is_plain: !is_quoted, behind })
}

/// Reads a plain scalar outside of brackets; returns it and what stands behind it, from its colon on.
fn plain(written: &str) -> Option<(&str, &str)> {
    if !begins_plain(written) {
        return None;
    }
    let bytes = written.as_bytes();
    let mut end = bytes.len();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b':' if matches!(bytes.get(at + 1), None | Some(b' ')) => {
                return Some((written.get(..at)?.trim_end_matches(' '), written.get(at..)?));
            }
            b'#' if at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' ') => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    Some((written.get(..end)?.trim_end_matches(' '), ""))
}

/// Reads a scalar in quotes; returns it and what stands behind it.
pub(super) fn quoted<'t>(written: &'t str, scratch: &mut String) -> Option<(Text<'t>, &'t str)> {
    let is_double = written.starts_with('"');
    let inside = written.get(1..)?;
    let signs: &[char] = if is_double { &['"', '\\'] } else { &['\''] };
    let mut rest = inside;
    let mut is_written = true;
    loop {
        let at = rest.find(signs)?;
        let (before, behind) = (rest.get(..at)?, rest.get(at + 1..)?);
        let escaped = match (rest.as_bytes().get(at)?, behind.as_bytes().first()) {
            (b'\\', Some(b'n')) => '\n',
            (b'\\', Some(b't')) => '\t',
            (b'\\', Some(b'"')) => '"',
            (b'\\', Some(b'\\')) => '\\',
            // Others are rare.
            (b'\\', _) => return None,
            (b'\'', Some(b'\'')) => '\'',
            _ if is_written => return Some((Text::Written(before), behind)),
            _ => {
                scratch.push_str(before);
                return Some((Text::InScratch, behind));
            }
        };
        if is_written {
            scratch.clear();
            is_written = false;
        }
        scratch.push_str(before);
        scratch.push(escaped);
        rest = behind.get(1..)?;
    }
}

/// Reads the name behind `&` or `*`; returns it and what stands behind it.
pub(super) fn anchor(written: &str) -> Option<(&str, &str)> {
    let written = written.get(1..)?;
    let is_of_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    let (name, behind) = written.split_at(written.find(|char| !is_of_name(char)).unwrap_or(written.len()));
    (!name.is_empty() && (behind.is_empty() || behind.starts_with(' '))).then_some((name, behind))
}

/// Reads a scalar that begins with `|` or `>`, and of which the text is in the following `lines`, into `value`. Returns the lines
/// behind it. It is a value in a block at the column `parent`.
pub(super) fn block<'t>(header: &str, lines: &'t str, parent: usize, value: &mut String) -> Option<&'t str> {
    let is_literal = header.starts_with('|');
    let behind = header.get(1..)?;
    let (keeps, strips) = (behind.starts_with('+'), behind.starts_with('-'));
    // A number, which gives the indentation, is rare.
    if !is_rest(behind.get(usize::from(keeps || strips)..)?) {
        return None;
    }
    let mut rest = lines;
    // Empty lines since the last one that has text.
    let mut empty = 0;
    let mut deepest = 0;
    let indent = loop {
        let Some((line, next)) = split_line(rest) else { break 0 };
        let column = indentation(line);
        match line.as_bytes().get(column) {
            None => (deepest, empty, rest) = (deepest.max(column), empty + 1, next),
            // Whether such lines are text depends on more than is known here.
            Some(b'\t') => return None,
            Some(_) if deepest > column => return None,
            Some(_) => break column,
        }
    };
    let breaks = |value: &mut String, count: usize| value.extend(std::iter::repeat_n('\n', count));
    // Tells whether the last line of text began with a blank; `None` where there was none.
    let mut last_is_blank = None;
    while let Some((line, next)) = split_line(rest).filter(|_| indent > parent) {
        let column = indentation(line);
        let Some(text) = line.get(indent..).filter(|_| column >= indent) else {
            match line.as_bytes().get(column) {
                None => (empty, rest) = (empty + 1, next),
                Some(b'\t') => return None,
                Some(_) => break,
            }
            continue;
        };
        rest = next;
        if text.is_empty() {
            empty += 1;
            continue;
        }
        let is_blank = text.starts_with([' ', '\t']);
        // Between words a line break is a space, or what empty lines say.
        if last_is_blank == Some(false) && !is_literal && !is_blank {
            if empty == 0 {
                value.push(' ');
            }
        } else if last_is_blank.is_some() {
            value.push('\n');
        }
        breaks(value, std::mem::take(&mut empty));
        value.push_str(text);
        last_is_blank = Some(is_blank);
    }
    if last_is_blank.is_some() && !strips {
        value.push('\n');
    }
    if keeps {
        breaks(value, empty);
    }
    Some(rest)
}
