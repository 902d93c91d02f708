//! The text of a file: its documents, each as JSON text, and the way back from a field to its line and column.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

use super::{excerpt::Excerpt, json};
use podgate_engine::syntax::{
    Path,
    yaml::{self, Place, YamlError},
};

/// A stretch of a file that is read on its own: a YAML document with its `---`, or one JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Says where it is in the file, in bytes.
    range: Range<usize>,
    is_json: bool,
}

/// Returns the parts of a file, from top to bottom.
///
/// A line that begins with `---` begins a document wherever it stands, so that the documents can be told apart without being
/// read. Only directives (`%YAML 1.1`) belong to the document that follows; a file with such a line is one part.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let has_directive = text.starts_with('%') || text.contains("\n%");
    let mut start = 0;
    for (end_of_line, _) in text.match_indices("\n---").filter(|_| !has_directive) {
        let at = end_of_line + 1;
        if begins_document(text.get(at..).unwrap_or_default()) {
            push(&mut parts, text, start..at);
            start = at;
        }
    }
    push(&mut parts, text, start..text.len());
    parts
}

/// Returns where each line ends, in bytes: behind a line feed, or behind a carriage return that none follows, as in YAML.
fn line_ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let is_end = move |at: &usize| match bytes.get(*at) {
        Some(b'\n') => true,
        Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(is_end).map(|at| at + 1)
}

fn begins_document(text: &str) -> bool {
    text.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn push(parts: &mut Vec<Part>, file: &str, range: Range<usize>) {
    let text = file.get(range.clone()).unwrap_or_default();
    let body = if begins_document(text) { text.get(3..).unwrap_or_default() } else { text };
    let ends = if body.trim_start().starts_with('{') { json::values(body) } else { None };
    let Some(ends) = ends else {
        parts.push(Part { range, is_json: false });
        return;
    };
    let body_start = range.end - body.len();
    let mut from = range.start;
    for end in ends {
        let end = body_start + end;
        let before = file.get(from..end).unwrap_or_default();
        let value = before.trim_start_matches("---").trim_start();
        parts.push(Part { range: end - value.len()..end, is_json: true });
        from = end;
    }
}

impl Part {
    /// Returns what is written there.
    pub(super) fn text<'t>(&self, file: &'t str) -> &'t str {
        file.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns where it begins in the file, in bytes.
    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// Returns whether it is JSON as it stands.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Returns how many lines of the file end before it.
    fn lines_before(&self, lines: &Lines<'_>) -> usize {
        lines.place(self.range.start).line.saturating_sub(1)
    }

    /// Returns its documents as JSON text; empty ones are left out. The error's place is in the file.
    pub(super) fn to_json<'t>(&self, lines: &Lines<'t>) -> Result<Vec<Cow<'t, str>>, YamlError> {
        let text = self.text(lines.text);
        if self.is_json {
            return Ok(vec![Cow::Borrowed(text)]);
        }
        if let Some(documents) = yaml::stream::to_json(text) {
            return Ok(documents.into_iter().map(Cow::Owned).collect());
        }
        let in_file = |mut error: YamlError| {
            error.place.line += self.lines_before(lines);
            error
        };
        let documents = yaml::documents(text).map_err(in_file)?;
        documents.iter().map(|document| document.to_json().map(Cow::Owned).map_err(in_file)).collect()
    }

    /// Returns where fields stand in the file, each given by the number of its document and its path. A field that is absent stands at
    /// its nearest ancestor that is there.
    pub(super) fn places(&self, lines: &Lines<'_>, fields: &[(usize, Path)]) -> Vec<Place> {
        let text = self.text(lines.text);
        let mut sorted: Vec<(usize, &Path)> = fields.iter().map(|(document, path)| (*document, path)).collect();
        sorted.sort();
        let places: Vec<Place> = if self.is_json {
            let paths: Vec<&Path> = sorted.iter().map(|(_, path)| *path).collect();
            json::offsets(text, &paths).into_iter().map(|offset| lines.place(self.range.start + offset)).collect()
        } else {
            // Nearly always there are none or a few; they are found without keeping the documents.
            let places = yaml::find::places(text, &sorted).unwrap_or_else(|| {
                let documents = yaml::documents(text).unwrap_or_default();
                let place =
                    |(document, path): &(usize, &Path)| documents.get(*document).map(|document| document.place(path));
                sorted.iter().map(|field| place(field).unwrap_or(Place::START)).collect()
            });
            let before = self.lines_before(lines);
            places.into_iter().map(|place| Place { line: place.line + before, ..place }).collect()
        };
        let place = |(document, path): &(usize, Path)| {
            let found = sorted.binary_search(&(*document, path)).ok().and_then(|index| places.get(index));
            found.copied().unwrap_or(Place::START)
        };
        fields.iter().map(place).collect()
    }
}

/// Says how many bytes of a text are counted again for each place in them.
const STRETCH: usize = 4096;

/// The lines of a text, found once.
pub(super) struct Lines<'t> {
    text: &'t str,
    /// Says where each begins, in bytes.
    starts: OnceLock<Vec<usize>>,
    /// Says how many characters there are before each stretch of the text: it may be a single line of many megabytes.
    stretches: OnceLock<Vec<usize>>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, starts: OnceLock::new(), stretches: OnceLock::new() }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| std::iter::once(0).chain(line_ends(self.text)).collect())
    }

    /// Returns the line of this number, counted from 1, without its end.
    pub(super) fn line(&self, number: usize) -> &'t str {
        let Some(start) = number.checked_sub(1).and_then(|index| self.starts().get(index)) else { return "" };
        let end = self.starts().get(number).copied().unwrap_or(self.text.len());
        self.text.get(*start..end).unwrap_or_default().trim_end()
    }

    /// Returns the line at `place`, with a mark under what stands there; of a long line a stretch around it.
    pub(super) fn excerpt(&self, place: Place) -> Excerpt {
        let line = self.line(place.line);
        let start = place.line.checked_sub(1).and_then(|index| self.starts().get(index)).copied().unwrap_or_default();
        let at = self.byte(start, place.column).saturating_sub(start).min(line.len());
        Excerpt::around(place.line, line, at)
    }

    /// The byte at which the character `column` begins of the line that begins at `start`.
    fn byte(&self, start: usize, column: usize) -> usize {
        let wanted = self.characters_before(start) + column.saturating_sub(1);
        let stretch = self.stretches().partition_point(|before| *before <= wanted).saturating_sub(1);
        let (from, before) = (stretch * STRETCH, self.stretches().get(stretch).copied().unwrap_or_default());
        let begins = |byte: &u8| !matches!(byte, 0x80..=0xbf);
        let bytes = self.text.as_bytes().get(from..).unwrap_or_default();
        let nth = bytes.iter().enumerate().filter(|(_, byte)| begins(byte)).nth(wanted.saturating_sub(before));
        nth.map_or(self.text.len(), |(index, _)| from + index)
    }

    /// Returns line and column of a byte.
    fn place(&self, offset: usize) -> Place {
        let line = self.starts().partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.starts().get(index)).copied().unwrap_or_default();
        let column = self.characters_before(offset).saturating_sub(self.characters_before(start)) + 1;
        Place { line, column }
    }

    /// How many characters begin before each stretch.
    fn stretches(&self) -> &[usize] {
        self.stretches.get_or_init(|| {
            let counts = self.text.as_bytes().chunks(STRETCH).map(characters);
            let sum = |before: &mut usize, count| Some(std::mem::replace(before, *before + count));
            counts.chain([0]).scan(0, sum).collect()
        })
    }

    fn characters_before(&self, offset: usize) -> usize {
        let stretches = self.stretches();
        let stretch = offset / STRETCH;
        let rest = self.text.as_bytes().get(stretch * STRETCH..offset).unwrap_or_default();
        stretches.get(stretch).copied().unwrap_or_default() + characters(rest)
    }
}

/// Returns how many characters begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count()
}
