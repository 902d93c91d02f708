//! Adding to a document by editing its text: what is there stays as it is, byte for byte.

use std::{cmp::Reverse, collections::HashMap, ops::Range};

use serde_json::{Map, Value};

use podgate_engine::syntax::{
    Path,
    path::Segment,
    scalar::{self, Scalar},
    yaml::{
        Document,
        layout::{Layout, Slot},
    },
};

/// Holds what is to be added to a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Addition {
    /// The mapping that gets a member, or the list that gets an item.
    pub(super) to: Path,
    /// The member's name; `None` for an item.
    pub(super) key: Option<String>,
    /// Holds what it is.
    pub(super) value: Value,
}

/// A change of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// Holds what is replaced, in bytes; empty where something is only added.
    pub(super) range: Range<usize>,
    /// By what.
    pub(super) text: String,
}

/// Tells how the document is written.
struct Style<'t> {
    text: &'t str,
    json: bool,
    line_end: &'static str,
    /// Tells how much deeper than their key lists stand.
    list_indent: usize,
}

/// The edits that make `additions` to `document` of `text`, from top to bottom. `None` where the text gives no place for one of
/// them.
pub(super) fn edits(text: &str, document: &Document<'_>, json: bool, additions: &[Addition]) -> Option<Vec<Edit>> {
    let style = Style {
        text,
        json,
        line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
        list_indent: list_indent(text, document),
    };
    // What goes to the same place goes there at once.
    let mut groups: Vec<(&Path, Vec<&Addition>)> = Vec::new();
    let mut by_place: HashMap<&Path, usize> = HashMap::new();
    for addition in additions {
        let at = *by_place.entry(&addition.to).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, group)) => group.push(addition),
            None => groups.push((&addition.to, vec![addition])),
        }
    }
    let mut edits = Vec::new();
    for (to, group) in groups {
        for edit in style.group(document, to, &group)? {
            edits.push((edit, Reverse(to.segments().len())));
        }
    }
    // Where an inner and an outer mapping end at the same place, the inner one's comes first.
    edits.sort_by_key(|(edit, depth)| (edit.range.start, *depth));
    Some(edits.into_iter().map(|(edit, _)| edit).collect())
}

/// The text with the edits made.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edited = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        edited.push_str(text.get(from..edit.range.start)?);
        edited.push_str(&edit.text);
        from = edit.range.end;
    }
    edited.push_str(text.get(from..)?);
    Some(edited)
}

impl Style<'_> {
    fn group(&self, document: &Document<'_>, to: &Path, group: &[&Addition]) -> Option<Vec<Edit>> {
        // A null gives way to what is added: `ports:` without anything, or `ports: null`.
        let (nulls, rest): (Vec<&Addition>, Vec<&Addition>) = group.iter().copied().partition(|addition| {
            let key = addition.key.clone();
            key.is_some_and(|key| matches!(document.slot(&to.clone().key(key)), Some(Slot::Null(..))))
        });
        let mut edits = Vec::new();
        for addition in nulls {
            let Some(Slot::Null(start, end)) = document.slot(&to.clone().key(addition.key.clone()?)) else {
                return None;
            };
            let blank = if start == end { " " } else { "" };
            edits.push(Edit { range: start..end, text: format!("{blank}{}", self.flow(&addition.value)) });
        }
        if rest.is_empty() {
            return Some(edits);
        }
        let edit = match document.slot(to)? {
            Slot::Mapping(layout) | Slot::List(layout) if layout.flow => self.in_brackets(layout, &rest),
            Slot::Mapping(layout) => self.members(layout, &rest)?,
            Slot::List(layout) => self.items(layout, &rest)?,
            Slot::Null(..) => return None,
        };
        edits.push(edit);
        Some(edits)
    }

    /// More members of a mapping in block style.
    fn members(&self, layout: Layout, additions: &[&Addition]) -> Option<Edit> {
        let line = self.line_start(layout.start);
        let before = self.text.get(line..layout.start)?;
        // What stands before the first key on its line has to be indentation, or the dashes of lists.
        let indent = before.chars().map(|c| if c == '-' { ' ' } else { c }).collect::<String>();
        if !indent.chars().all(|c| c == ' ') || self.text.get(line..)?.starts_with("---") {
            return None;
        }
        let mut lines = Vec::new();
        for addition in additions {
            self.member(addition.key.as_deref()?, &addition.value, indent.len(), &mut lines);
        }
        Some(self.after(layout.last, &lines))
    }

    /// More items of a list in block style.
    fn items(&self, layout: Layout, additions: &[&Addition]) -> Option<Edit> {
        let dash = dash(self.text, layout.last_item)?;
        let indent = dash - self.line_start(dash);
        let mut lines = Vec::new();
        for addition in additions {
            self.item(&addition.value, indent, &mut lines);
        }
        Some(self.after(layout.last, &lines))
    }

    /// More members or items of something in brackets.
    fn in_brackets(&self, layout: Layout, additions: &[&Addition]) -> Edit {
        let empty = layout.last == layout.start;
        let last_line = self.line_start(layout.last);
        // Where its members stand on lines of their own, so does a new one.
        let indent = (last_line > layout.start).then(|| {
            let line = self.text.get(last_line..).unwrap_or_default();
            line.split_at(line.len() - line.trim_start_matches([' ', '\t']).len()).0.to_owned()
        });
        let separator = match &indent {
            Some(indent) => format!(",{}{indent}", self.line_end),
            None => ", ".to_owned(),
        };
        let parts: Vec<String> = additions
            .iter()
            .map(|addition| {
                let value = match &indent {
                    Some(indent) if self.json => self.pretty(&addition.value, indent),
                    _ => self.flow(&addition.value),
                };
                match &addition.key {
                    Some(key) if self.json => format!("{}: {value}", Value::from(key.as_str())),
                    Some(key) => format!("{}: {value}", string(key)),
                    None => value,
                }
            })
            .collect();
        let at = if empty { layout.start + 1 } else { layout.last };
        let first = if empty { "" } else { &separator };
        Edit { range: at..at, text: format!("{first}{}", parts.join(&separator)) }
    }

    /// Lines after the line in which the byte `end` is.
    fn after(&self, end: usize, lines: &[String]) -> Edit {
        let content = self.text.get(..end).unwrap_or_default();
        // A block scalar ends with its last line's end, and with the empty lines that belong to it, if they do.
        if content.ends_with('\n') {
            let text = lines.iter().map(|line| format!("{line}{}", self.line_end)).collect();
            return Edit { range: end..end, text };
        }
        let rest = self.text.get(end..).unwrap_or_default();
        let to_end = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..to_end).unwrap_or_default();
        let at = end + line.strip_suffix('\r').unwrap_or(line).len();
        Edit { range: at..at, text: lines.iter().map(|line| format!("{}{line}", self.line_end)).collect() }
    }

    fn member(&self, key: &str, value: &Value, indent: usize, lines: &mut Vec<String>) {
        let start = format!("{}{}:", " ".repeat(indent), string(key));
        match value {
            Value::Object(members) if !members.is_empty() => {
                lines.push(start);
                self.object(members, indent + 2, lines);
            }
            Value::Array(items) if !items.is_empty() => {
                lines.push(start);
                for item in items {
                    self.item(item, indent + self.list_indent, lines);
                }
            }
            scalar => lines.push(format!("{start} {}", self.flow(scalar))),
        }
    }

    fn object(&self, members: &Map<String, Value>, indent: usize, lines: &mut Vec<String>) {
        for (key, value) in members {
            self.member(key, value, indent, lines);
        }
    }

    fn item(&self, value: &Value, indent: usize, lines: &mut Vec<String>) {
        let first = lines.len();
        match value {
            Value::Object(members) if !members.is_empty() => self.object(members, indent + 2, lines),
            other => lines.push(format!("{}{}", " ".repeat(indent + 2), self.flow(other))),
        }
        if let Some(line) = lines.get_mut(first) {
            *line = format!("{}- {}", " ".repeat(indent), line.trim_start());
        }
    }

    /// The value on one line.
    fn flow(&self, value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| {
                    let key = if self.json { Value::from(key.as_str()).to_string() } else { string(key) };
                    format!("{key}: {}", self.flow(value))
                };
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
            }
            Value::Array(items) => {
                format!("[{}]", items.iter().map(|item| self.flow(item)).collect::<Vec<_>>().join(", "))
            }
            Value::String(text) if !self.json => string(text),
            other => other.to_string(),
        }
    }

    /// JSON over lines that begin with `indent`.
    fn pretty(&self, value: &Value, indent: &str) -> String {
        let step = if indent.starts_with('\t') { "\t" } else { "  " };
        let mut lines = format!("{value:#}").lines().map(str::to_owned).collect::<Vec<_>>();
        for line in lines.iter_mut().skip(1) {
            let content = line.trim_start();
            let depth = (line.len() - content.len()) / 2;
            *line = format!("{indent}{}{content}", step.repeat(depth));
        }
        lines.join(self.line_end)
    }

    /// Returns where the line begins in which the byte `at` is.
    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
    }
}

/// Returns where the dash of the item stands that begins at `item`.
fn dash(text: &str, item: usize) -> Option<usize> {
    let before = text.get(..item)?;
    // Anchor and tag may stand between.
    let is_dash = |at: &usize| {
        let gap = before.get(at + 1..).unwrap_or_default();
        let starts = before.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\n']));
        starts && (gap.is_empty() || gap.starts_with([' ', '\t', '\n', '\r']))
    };
    before.rmatch_indices('-').map(|(at, _)| at).find(is_dash)
}

/// Returns how much deeper than its key the document's first list stands; 0 where it has none.
fn list_indent(text: &str, document: &Document<'_>) -> usize {
    let indent = || {
        let (item, key_column) = document.first_list()?;
        let dash = dash(text, item)?;
        let line = text.get(..dash)?.rfind('\n').map_or(0, |end| end + 1);
        (dash - line).checked_sub(key_column - 1)
    };
    indent().unwrap_or(0)
}

/// A string as a plain scalar, or in quotes where that would be something else.
fn string(text: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || c == '/';
    let plain = text.starts_with(first)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
        && matches!(scalar::resolve(text), Scalar::String(_));
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

/// The addition that an RFC 6902 `add` at `pointer` is.
pub(super) fn addition(base: &Path, pointer: &str, value: Value) -> Option<Addition> {
    let mut segments: Vec<Segment> = base.segments().to_vec();
    segments.extend(pointer.split('/').skip(1).map(|token| match token.parse::<usize>() {
        Ok(index) => Segment::Index(index),
        Err(_) => Segment::Key(token.replace("~1", "/").replace("~0", "~").into()),
    }));
    let key = match segments.pop()? {
        Segment::Key(key) if key == "-" => None,
        Segment::Key(key) => Some(key.into_owned()),
        Segment::Index(_) => return None,
    };
    let to = segments.into_iter().fold(Path::default(), |path, segment| match segment {
        Segment::Key(key) => path.key(key),
        Segment::Index(index) => path.index(index),
    });
    Some(Addition { to, key, value })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use podgate_engine::syntax::yaml;

    fn add(text: &str, additions: &[(&[&str], &str, Value)]) -> Option<String> {
        let additions: Vec<Addition> = additions
            .iter()
            .map(|(to, key, value)| {
                let to = to.iter().fold(Path::default(), |path, step| match step.parse() {
                    Ok(index) => path.index(index),
                    Err(_) => path.key((*step).to_owned()),
                });
                Addition { to, key: (*key != "-").then(|| (*key).to_owned()), value: value.clone() }
            })
            .collect();
        let documents = yaml::documents(text).ok()?;
        let edits = edits(text, documents.first()?, text.starts_with('{') && text.contains('"'), &additions)?;
        apply(text, &edits)
    }

    #[test]
    fn members_of_blocks() {
        let x = || json!({"v": [{"z": 1, "w": "on"}], "e": {}});
        let added = add("a:\n  b: 1 # c\n\n  # end\nd: 2\n", &[(&["a"], "x", x())]);
        let expected = "a:\n  b: 1 # c\n  x:\n    v:\n    - z: 1\n      w: \"on\"\n    e: {}\n\n  # end\nd: 2\n";
        assert_eq!(added.as_deref(), Some(expected));
        let added =
            add("l:\n  - a: 1\n  - b: 2", &[(&["l", "0"], "x", json!(1)), (&["l", "1"], "x", json!({"v": [1]}))]);
        assert_eq!(added.as_deref(), Some("l:\n  - a: 1\n    x: 1\n  - b: 2\n    x:\n      v:\n        - 1"));
        // The inner mapping ends where the outer one does.
        let added = add("a:\n  b:\n    c: 1\n", &[(&["a"], "x", json!(1)), (&["a", "b"], "w", json!(2))]);
        assert_eq!(added.as_deref(), Some("a:\n  b:\n    c: 1\n    w: 2\n  x: 1\n"));
    }

    #[test]
    fn after_block_scalars() {
        let add = |text| add(text, &[(&["a"], "x", json!(1))]);
        assert_eq!(add("a:\n  b: |\n    t\n\n# c\n").as_deref(), Some("a:\n  b: |\n    t\n  x: 1\n\n# c\n"));
        assert_eq!(add("a:\n  b: |+\n    t\n\n# c\n").as_deref(), Some("a:\n  b: |+\n    t\n\n  x: 1\n# c\n"));
        assert_eq!(add("a:\n  b: >-\n    t").as_deref(), Some("a:\n  b: >-\n    t\n  x: 1"));
        assert_eq!(add("a:\r\n  b:\r\nc: 1\r\n").as_deref(), Some("a:\r\n  b:\r\n  x: 1\r\nc: 1\r\n"));
    }

    #[test]
    fn brackets() {
        let a = |value| vec![(&["a"][..], "x", value)];
        let x = || json!({"v": "/z", "p": [80, "8080"]});
        assert_eq!(add("a: {b: 1}\n", &a(x())).as_deref(), Some("a: {b: 1, x: {v: /z, p: [80, \"8080\"]}}\n"));
        assert_eq!(add("a: {}\n", &a(json!(1))).as_deref(), Some("a: {x: 1}\n"));
        assert_eq!(add("a: {\n  b: 1, # c\n}\n", &a(json!(1))).as_deref(), Some("a: {\n  b: 1,\n  x: 1, # c\n}\n"));
        assert_eq!(
            add("{\"a\": {\"b\": 1}}", &a(x())).as_deref(),
            Some("{\"a\": {\"b\": 1, \"x\": {\"v\": \"/z\", \"p\": [80, \"8080\"]}}}")
        );
        let pretty = "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}";
        let expected = "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"x\": {\n\t\t\t\"y\": 1\n\t\t}\n\t}\n}";
        assert_eq!(add(pretty, &a(json!({"y": 1}))).as_deref(), Some(expected));
    }

    #[test]
    fn items_and_nulls() {
        let item = |value| vec![(&["a"][..], "-", value)];
        assert_eq!(
            add("a:\n- x: 1\n  y: 2\nb: 1\n", &item(json!({"z": 1, "w": 2}))).as_deref(),
            Some("a:\n- x: 1\n  y: 2\n- z: 1\n  w: 2\nb: 1\n")
        );
        assert_eq!(add("a: [1]\n", &item(json!(2))).as_deref(), Some("a: [1, 2]\n"));
        assert_eq!(add("a:\n  -\n    - 1\n", &item(json!(2))).as_deref(), Some("a:\n  -\n    - 1\n  - 2\n"));
        let null = |text| add(text, &[(&["a"], "x", json!({"v": 1}))]);
        assert_eq!(null("a:\n  x:  # c\n  z: 1\n").as_deref(), Some("a:\n  x: {v: 1}  # c\n  z: 1\n"));
        assert_eq!(null("a: {x: null, z: 1}\n").as_deref(), Some("a: {x: {v: 1}, z: 1}\n"));
    }

    #[test]
    fn no_place() {
        let add = |text| add(text, &[(&["a"], "x", json!(1))]);
        assert_eq!(add("b: &b {c: 1}\na: *b\n"), None);
        assert_eq!(add("a: text\n"), None);
        assert_eq!(add("? a\n: ? b\n  : 1\n"), None);
        assert_eq!(add("b: &b {p: 1}\na:\n  <<: *b\n").as_deref(), Some("b: &b {p: 1}\na:\n  <<: *b\n  x: 1\n"));
    }
}
