//! JSON text, written while YAML is read: for both ways that keep no document.

use super::{MAX_DEPTH, MAX_JSON_BYTES, member_name, writer::push_string};
use crate::syntax::scalar::{self, Scalar};

/// Tells how many names a mapping may have here: each is looked for among the others.
const MAX_NAMES: usize = 64;

/// Writes the JSON text of one document after the other. Each step returns `None` where [`super::documents`] has to read it.
#[derive(Default)]
pub(super) struct Writer {
    json: String,
    open: Vec<Open>,
    /// Tells where the names of all open mappings stand in `json`.
    names: Vec<(usize, usize)>,
    /// Holds what has an anchor, and where it stands in `json`.
    anchors: Vec<(usize, usize, usize)>,
}

/// A list or mapping that is not closed yet.
struct Open {
    is_mapping: bool,
    /// Tells whether a name comes next.
    wants_name: bool,
    is_empty: bool,
    anchor: usize,
    start: usize,
    /// Tells how many names there were before its own.
    names_before: usize,
}

impl Writer {
    /// Makes room for this many bytes of JSON text.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.json.reserve(bytes);
    }

    /// Returns the JSON text of a document, all of which is closed, and begins the next one.
    pub(super) fn finish(&mut self) -> String {
        self.open.clear();
        self.names.clear();
        self.anchors.clear();
        std::mem::take(&mut self.json)
    }

    /// Returns how many lists and mappings are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn wants_name(&self) -> bool {
        self.open.last().is_some_and(|open| open.wants_name)
    }

    /// Writes what stands before the next value. `None` where the next thing is no value but a name.
    fn begin_value(&mut self) -> Option<()> {
        let Some(open) = self.open.last_mut() else { return Some(()) };
        if open.wants_name {
            return None;
        }
        open.wants_name = open.is_mapping;
        if !open.is_mapping && !std::mem::replace(&mut open.is_empty, false) {
            self.json.push(',');
        }
        Some(())
    }

    pub(super) fn scalar(&mut self, text: &str, plain: bool, anchor: usize) -> Option<()> {
        if self.wants_name() {
            return if anchor == 0 { self.name(text, plain) } else { None };
        }
        self.begin_value()?;
        let start = self.json.len();
        if !plain {
            push_string(&mut self.json, text);
        } else if is_json_number(text) {
            self.json.push_str(text);
        } else {
            match scalar::resolve(text) {
                Scalar::String(text) => push_string(&mut self.json, text),
                Scalar::NoJson(_) => return None,
                Scalar::Bool(value) => self.json.push_str(if value { "true" } else { "false" }),
                other => self.json.push_str(&other.json()),
            }
        }
        self.anchor(anchor, start);
        Some(())
    }

    pub(super) fn name(&mut self, text: &str, plain: bool) -> Option<()> {
        let open = self.open.last_mut()?;
        open.wants_name = false;
        if !std::mem::replace(&mut open.is_empty, false) {
            self.json.push(',');
        }
        let names_before = open.names_before;
        let start = self.json.len();
        push_string(&mut self.json, &member_name(text.into(), plain)?);
        let end = self.json.len();
        let name = self.json.get(start..end)?;
        let others = self.names.get(names_before..)?;
        // What is escaped is escaped the same way each time.
        let is_new = others.iter().all(|(start, end)| self.json.get(*start..*end) != Some(name));
        if !is_new || others.len() >= MAX_NAMES {
            return None;
        }
        self.names.push((start, end));
        self.json.push(':');
        Some(())
    }

    pub(super) fn open(&mut self, bracket: char, anchor: usize) -> Option<()> {
        self.begin_value()?;
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        let (start, is_mapping) = (self.json.len(), bracket == '{');
        let names_before = self.names.len();
        self.open.push(Open { is_mapping, wants_name: is_mapping, is_empty: true, anchor, start, names_before });
        self.json.push(bracket);
        Some(())
    }

    pub(super) fn close(&mut self) -> Option<()> {
        let open = self.open.pop()?;
        self.json.push(if open.is_mapping { '}' } else { ']' });
        self.names.truncate(open.names_before);
        self.anchor(open.anchor, open.start);
        Some(())
    }

    fn anchor(&mut self, anchor: usize, start: usize) {
        if anchor != 0 {
            self.anchors.push((anchor, start, self.json.len()));
        }
    }

    pub(super) fn alias(&mut self, anchor: usize) -> Option<()> {
        self.begin_value()?;
        let (_, start, end) = *self.anchors.iter().rev().find(|(known, ..)| *known == anchor)?;
        if self.json.len() + (end - start) > MAX_JSON_BYTES {
            return None;
        }
        self.json.extend_from_within(start..end);
        Some(())
    }
}

/// Returns whether a plain scalar is a number as most are written, which is the same in JSON.
fn is_json_number(text: &str) -> bool {
    // So many digits fit into 64 bits; those behind a 0 would be octal.
    let is_short = matches!(text.len(), 1..=18) && (!text.starts_with('0') || text.len() == 1);
    is_short && text.bytes().all(|byte| byte.is_ascii_digit())
}
