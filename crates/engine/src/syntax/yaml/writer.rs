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
    let plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if plain {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        // A `Value` prints itself; writing a string cannot fail.
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}
