//! `Str`: a JSON string, borrowed from the input when it holds no escapes; and text from outside made fit to show.

use std::{
    borrow::{Borrow, Cow},
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A JSON string that borrows from the input wherever that is possible.
///
/// `Option<Cow<str>>` never borrows with serde; this does. JSON `null` reads as the empty string, as it does in the API
/// server's own decoder.
#[derive(Clone)]
pub struct Str<'a>(Held<'a>);

/// Two words, where a [`Cow`] has three: most of what a Pod is in memory are strings.
#[derive(Clone)]
enum Held<'a> {
    Borrowed(&'a str),
    #[expect(clippy::box_collection, reason = "one word")]
    Owned(Box<String>),
}

impl<'a> Str<'a> {
    /// Returns the text; longer-lived than a plain dereference where it is borrowed.
    pub fn into_cow(self) -> Cow<'a, str> {
        match self.0 {
            Held::Borrowed(text) => Cow::Borrowed(text),
            Held::Owned(text) => Cow::Owned(*text),
        }
    }

    /// Returns the same, with a text of its own.
    pub fn into_owned(self) -> Str<'static> {
        Str::owned(self.into_cow().into_owned())
    }

    fn owned(text: String) -> Self {
        Self(Held::Owned(Box::new(text)))
    }
}

impl Default for Str<'_> {
    fn default() -> Self {
        Self(Held::Borrowed(""))
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Held::Borrowed(text) => text,
            Held::Owned(text) => text,
        }
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Str<'_> {}

impl PartialOrd for Str<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

/// As a `str`, which [`Borrow`] wants.
impl Hash for Str<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// So that a map with such keys can be asked for a plain text.
impl Borrow<str> for Str<'_> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Held::Borrowed(text))
    }
}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for Str<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(text.into())
            }

            fn visit_str<E>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str::owned(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Str<'de>, E> {
                Ok(Str::owned(text))
            }

            fn visit_unit<E>(self) -> Result<Str<'de>, E> {
                Ok(Str::default())
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// `text` as one line of at most `max_chars` characters, with `�` for each that could break a line, hide text or change its
/// direction: names and values from outside end in logs and on terminals. Borrowed when nothing has to be changed.
pub fn one_line(text: &str, max_chars: usize) -> Cow<'_, str> {
    // Most texts are plain, and told so many bytes at a time.
    if text.len() <= max_chars && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let end = text.char_indices().nth(max_chars).map_or(text.len(), |(index, _)| index);
    let (kept, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if rest.is_empty() && !kept.contains(is_unsafe) {
        return Cow::Borrowed(kept);
    }
    let mut line = kept.replace(is_unsafe, "\u{fffd}");
    if !rest.is_empty() {
        line.push('…');
    }
    Cow::Owned(line)
}

/// Returns a count with its noun in the number that fits: `1 file`, `2 files`, `0 files`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Returns the beginning of a text, no longer than `max_bytes`.
pub fn beginning(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Returns how many bytes two texts begin with in common.
pub fn common_prefix(one: &str, other: &str) -> usize {
    // Whole pieces are compared many bytes at a time.
    const PIECE: usize = 256;
    let pieces = one.as_bytes().chunks_exact(PIECE).zip(other.as_bytes().chunks_exact(PIECE));
    let same = PIECE * pieces.take_while(|(one, other)| one == other).count();
    let bytes = one.bytes().skip(same).zip(other.bytes().skip(same));
    same + bytes.take_while(|(one, other)| one == other).count()
}

/// Returns whether a character could break a line, hide text or change its direction.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Zero width and direction marks, line and paragraph separators, tags.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_in_common() {
        for length in [0, 1, 255, 256, 257, 512, 700] {
            let text = "x".repeat(length);
            assert_eq!(common_prefix(&text, &text), length);
            assert_eq!(common_prefix(&format!("{text}a"), &format!("{text}b")), length);
            assert_eq!(common_prefix(&format!("{text}a"), &text), length);
        }
        assert_eq!(common_prefix("ä", "ö"), 1);
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        let patches = [0, 1, 2, 11].map(|count| counted(count, "patch", "patches"));
        assert_eq!(patches, ["0 patches", "1 patch", "2 patches", "11 patches"]);
    }

    #[test]
    fn one_line_borrows_what_is_harmless() {
        assert!(matches!(one_line("web-1 é", 253), Cow::Borrowed("web-1 é")));
        assert_eq!(one_line("a\nb\u{202e}c", 253), "a\u{fffd}b\u{fffd}c");
        assert_eq!(one_line(&"é".repeat(253), 253), "é".repeat(253));
        assert_eq!(one_line(&"é".repeat(254), 253), format!("{}…", "é".repeat(253)));
    }

    #[test]
    fn borrows_without_escapes_and_owns_with_them() {
        let plain: Str = serde_json::from_str(r#""häuser""#).unwrap();
        assert!(matches!(plain.0, Held::Borrowed("häuser")));
        let escaped: Str = serde_json::from_str(r#""a\u003cb""#).unwrap();
        assert!(matches!(&escaped.0, Held::Owned(text) if **text == "a<b"));
    }

    #[test]
    fn is_as_small_as_a_slice() {
        assert_eq!(size_of::<Str>(), size_of::<&str>());
    }

    #[test]
    fn null_is_empty_and_a_number_is_an_error() {
        assert_eq!(serde_json::from_str::<Str>("null").unwrap(), "");
        assert!(serde_json::from_str::<Str>("8").is_err());
    }
}
