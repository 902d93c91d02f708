//! Anchors, aliases, tags and directives.

use std::borrow::Cow;

use super::{super::YamlError, cursor::Mark, scanner::Scanner, token::Kind};

impl<'t> Scanner<'t> {
    /// `&name` or `*name`.
    pub(super) fn anchor(&mut self) -> Result<&'t str, YamlError> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.word();
        let ends = self.cursor.is_blank_or_end(0)
            || matches!(self.cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return self.cursor.error(start, "an anchor's name is made of letters, digits, '-' and '_'");
        }
        Ok(name)
    }

    /// Letters, digits, `-` and `_`.
    fn word(&mut self) -> &'t str {
        let start = self.cursor.mark.byte;
        while is_word(self.cursor.byte(0)) {
            self.cursor.skip();
        }
        self.cursor.between(start, self.cursor.mark.byte)
    }

    /// `!<uri>`, `!handle!suffix` or `!suffix`.
    pub(super) fn tag(&mut self) -> Result<Kind<'t>, YamlError> {
        let start = self.cursor.mark;
        let tag = if self.cursor.byte(1) == b'<' {
            self.cursor.skip_ascii(2);
            let uri = self.uri(start, Cow::Borrowed(""), false)?;
            if self.cursor.byte(0) != b'>' {
                return self.cursor.error(start, "a tag that begins with '!<' has to end with '>'");
            }
            self.cursor.skip();
            Kind::Tag("", uri)
        } else {
            let handle = self.handle(start, false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                Kind::Tag(handle, self.uri(start, Cow::Borrowed(""), false)?)
            } else {
                let begun = Cow::Borrowed(handle.get(1..).unwrap_or_default());
                let suffix = self.uri(start, begun, true)?;
                if suffix.is_empty() { Kind::Tag("", Cow::Borrowed("!")) } else { Kind::Tag("!", suffix) }
            }
        };
        if !self.cursor.is_blank_or_end(0) {
            return self.cursor.error(start, "a tag has to be followed by white space or a line break");
        }
        Ok(tag)
    }

    /// `!`, `!!` or `!name!`; in a tag also `!name`, where it is no handle but begins the suffix.
    fn handle(&mut self, start: Mark, directive: bool) -> Result<&'t str, YamlError> {
        if self.cursor.byte(0) != b'!' {
            return self.cursor.error(start, "a tag has to begin with '!'");
        }
        let from = self.cursor.mark.byte;
        self.cursor.skip();
        self.word();
        if self.cursor.byte(0) == b'!' {
            self.cursor.skip();
        } else if directive && self.cursor.mark.byte - from > 1 {
            return self.cursor.error(start, "a tag's handle has to end with '!'");
        }
        Ok(self.cursor.between(from, self.cursor.mark.byte))
    }

    /// The rest of a tag, behind what has `begun` it. It may be empty only where there was a handle.
    fn uri(&mut self, start: Mark, begun: Cow<'t, str>, has_handle: bool) -> Result<Cow<'t, str>, YamlError> {
        let from = self.cursor.mark.byte;
        let mut decoded: Option<Vec<u8>> = None;
        while is_uri(self.cursor.byte(0)) {
            if self.cursor.byte(0) == b'%' {
                let written = self.cursor.between(from, self.cursor.mark.byte);
                let octets = decoded.get_or_insert_with(|| written.as_bytes().to_vec());
                let digit = |ahead| char::from(self.cursor.byte(ahead)).to_digit(16);
                let octet = digit(1).zip(digit(2)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                let Some(octet) = octet else {
                    return self.cursor.error(start, "'%' in a tag has to be followed by two hexadecimal digits");
                };
                octets.push(octet);
                self.cursor.skip_ascii(3);
                continue;
            }
            if let Some(octets) = &mut decoded {
                octets.push(self.cursor.byte(0));
            }
            self.cursor.skip();
        }
        if self.cursor.mark.byte == from && !has_handle {
            return self.cursor.error(start, "a tag has to have a name");
        }
        let rest = match decoded {
            None => Cow::Borrowed(self.cursor.between(from, self.cursor.mark.byte)),
            Some(octets) => match String::from_utf8(octets) {
                Ok(text) => Cow::Owned(text),
                Err(_) => return self.cursor.error(start, "a tag has to be UTF-8"),
            },
        };
        Ok(if begun.is_empty() { rest } else { Cow::Owned(begun.into_owned() + &rest) })
    }

    /// `%YAML 1.1` or `%TAG !handle! prefix`.
    pub(super) fn directive(&mut self) -> Result<Kind<'t>, YamlError> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.word();
        if name.is_empty() || !self.cursor.is_blank_or_end(0) {
            return self.cursor.error(start, "a directive is made of letters and digits");
        }
        self.cursor.skip_blanks();
        let directive = match name {
            "YAML" => {
                let major = self.version_number(start)?;
                if self.cursor.byte(0) != b'.' {
                    return self.cursor.error(start, "a version is written as 1.1");
                }
                self.cursor.skip();
                Kind::Version(major, self.version_number(start)?)
            }
            "TAG" => {
                let handle = self.handle(start, true)?;
                if !self.cursor.is_blank(0) {
                    return self.cursor.error(start, "a tag's handle has to be followed by white space");
                }
                self.cursor.skip_blanks();
                let prefix = self.uri(start, Cow::Borrowed(""), false)?;
                if !self.cursor.is_blank_or_end(0) {
                    return self.cursor.error(start, "a tag's prefix has to be followed by a line break");
                }
                Kind::TagDirective(handle, prefix)
            }
            _ => return self.cursor.error(start, "an unknown directive"),
        };
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_rest_of_line();
        }
        if !self.cursor.is_break_or_end(0) {
            return self.cursor.error(start, "a directive has to be followed by a line break");
        }
        self.cursor.skip_break();
        Ok(directive)
    }

    fn version_number(&mut self, start: Mark) -> Result<u8, YamlError> {
        let from = self.cursor.mark.byte;
        while self.cursor.byte(0).is_ascii_digit() {
            self.cursor.skip();
        }
        match self.cursor.between(from, self.cursor.mark.byte) {
            digits if digits.len() <= 2 && !digits.is_empty() => Ok(digits.parse().unwrap_or_default()),
            _ => self.cursor.error(start, "a version is written as 1.1"),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_uri(byte: u8) -> bool {
    is_word(byte) || (byte != 0 && b";/?:@&=+$,.!~*'()[]%".contains(&byte))
}
