//! A document as JSON text.

use super::{Content, Document, MAX_DEPTH, MAX_JSON_BYTES, MAX_NODES, Node, YamlError};
use crate::syntax::scalar::{self, Scalar};

/// The JSON text of a node, with all that its aliases name.
fn json(node: &Node<'_>) -> Result<String, YamlError> {
    let mut writer = Writer { json: String::new(), nodes: 0 };
    writer.node(node, 0)?;
    Ok(writer.json)
}

impl Document<'_> {
    /// Returns the document as JSON text.
    pub fn to_json(&self) -> Result<String, YamlError> {
        json(&self.root)
    }
}

struct Writer {
    json: String,
    nodes: usize,
}

impl Writer {
    fn node(&mut self, node: &Node<'_>, depth: usize) -> Result<(), YamlError> {
        let fail = |message: String| Err(YamlError { place: node.place, message });
        self.nodes += 1;
        if self.nodes > MAX_NODES || self.json.len() > MAX_JSON_BYTES {
            return fail("aliases blow the document up too far".to_owned());
        }
        if depth > MAX_DEPTH {
            return fail("nested too deep".to_owned());
        }
        match &node.content {
            Content::Alias(target) => self.node(target, depth + 1)?,
            Content::Scalar { text, plain: false } => push_string(&mut self.json, text),
            Content::Scalar { text, plain: true } => match scalar::resolve(text) {
                Scalar::NoJson(_) => return fail(format!("{text} has no JSON form")),
                Scalar::String(text) => push_string(&mut self.json, text),
                other => self.json.push_str(&other.json()),
            },
            Content::Unfit(place) => {
                let message = "a key may not be null, nor a number of more than 63 bits".to_owned();
                return Err(YamlError { place: *place, message });
            }
            Content::List(items) => {
                self.json.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.json.push(',');
                    }
                    self.node(item, depth + 1)?;
                }
                self.json.push(']');
            }
            Content::Object(members) => {
                self.json.push('{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        self.json.push(',');
                    }
                    push_string(&mut self.json, &member.name);
                    self.json.push(':');
                    self.node(&member.value, depth + 1)?;
                }
                self.json.push('}');
            }
        }
        Ok(())
    }
}

/// Adds `text` as a JSON string.
pub(super) fn push_string(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (before, escaped) = rest.split_at(at);
        json.push_str(before);
        let mut behind = escaped.chars();
        match behind.next() {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some('\n') => json.push_str("\\n"),
            Some('\r') => json.push_str("\\r"),
            Some('\t') => json.push_str("\\t"),
            Some('\u{8}') => json.push_str("\\b"),
            Some('\u{c}') => json.push_str("\\f"),
            Some(other) => {
                let digit = |shift: u32| char::from_digit((u32::from(other) >> shift) & 0xf, 16).unwrap_or('0');
                json.push_str("\\u00");
                json.extend([digit(4), digit(0)]);
            }
            None => {}
        }
        rest = behind.as_str();
    }
    json.push_str(rest);
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        let all: String = ('\0'..='\u{a0}').chain("ü 日本 😀 \u{2028}".chars()).collect();
        for text in [&*all, "", "plain", "\"", "a\n", "\\ \u{1f}"] {
            let mut json = String::new();
            push_string(&mut json, text);
            assert_eq!(json, serde_json::Value::from(text).to_string());
        }
    }
}
