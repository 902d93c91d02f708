//! The text of a file: its documents, each as JSON text, and the way back from a field to its line and column.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

use super::{excerpt::Excerpt, json};
use podgate_engine::syntax::{
    Path,
    yaml::{self, Duplicate, Place, YamlError},
};

/// A stretch of a file that is read on its own: a YAML document with the `---` that ends it, or one JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Says where it is in the file, in bytes.
    range: Range<usize>,
    kind: Kind,
    /// Tells whether a key is given more than once in it.
    pub(super) repeats: bool,
}

/// Tells how a part is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Yaml,
    /// It may be judged as it stands, or has to be written anew.
    Json {
        is_canonical: bool,
    },
    /// Finds text behind two or more JSON values that is no JSON.
    NoJson,
}

/// A document, read.
#[derive(Debug)]
pub(super) struct Document<'t> {
    /// As JSON text.
    pub(super) json: Cow<'t, str>,
    /// The keys that are given more than once in it. In a stream of several JSON values they are not looked for.
    pub(super) duplicates: Vec<Duplicate>,
}

impl<'t> Document<'t> {
    fn of(json: Cow<'t, str>) -> Self {
        Self { json, duplicates: Vec::new() }
    }
}

/// Returns the documents of a manifest as JSON text, as `kubectl` reads them. Empty ones are left out.
pub fn documents(text: &str) -> Result<Vec<Cow<'_, str>>, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let mut documents = Vec::new();
    for part in parts(text) {
        documents.extend(part.read(&lines)?.into_iter().map(|document| document.json));
    }
    Ok(documents)
}

/// The parts of a file, from top to bottom, as `kubectl` takes it apart.
///
/// A file that begins with `{` is a stream of JSON values, or YAML where the first or second of them is none. In YAML, a line
/// that begins with `---` ends a document wherever it stands, so that the documents can be told apart without being read.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = 0;
    if text.trim_start().starts_with('{') {
        let (values, is_all) = json::values(text);
        for value in &values {
            let before = text.get(start..value.end).unwrap_or_default();
            let begin = value.end - before.trim_start().len();
            let is_canonical = value.is_canonical;
            // Only the YAML reader tells where a key is given twice.
            let kind = if value.repeats && values.len() == 1 { Kind::Yaml } else { Kind::Json { is_canonical } };
            parts.push(Part { range: begin..value.end, kind, repeats: value.repeats });
            start = value.end;
        }
        if is_all {
            return parts;
        }
        let rest = text.get(start..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        if values.len() > 1 {
            parts.push(Part { range: start + blank..text.len(), kind: Kind::NoJson, repeats: false });
            return parts;
        }
        // Of the white space before the rest, the first line is left out.
        start += rest.get(..blank).and_then(|blank| blank.find('\n')).map_or(blank, |end| end + 1);
    }
    let mut push = |range| parts.push(Part { range, kind: Kind::Yaml, repeats: false });
    let from = start;
    for (end_of_line, _) in text.get(from..).unwrap_or_default().match_indices("\n---") {
        let at = from + end_of_line + 1;
        // A line that nothing comes before belongs to the document below it.
        if at == start {
            continue;
        }
        let line = text.get(at..).unwrap_or_default();
        let end = at + line.find('\n').map_or(line.len(), |end| end + 1);
        push(start..end);
        start = end;
    }
    if start < text.len() || from == text.len() {
        push(start..text.len());
    }
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
        matches!(self.kind, Kind::Json { .. })
    }

    /// Returns where a place of its text is in the file.
    fn in_file(&self, lines: &Lines<'_>) -> impl Fn(Place) -> Place + use<> {
        let start = lines.place(self.range.start);
        move |place| Place {
            line: place.line + start.line - 1,
            column: if place.line == 1 { place.column + start.column - 1 } else { place.column },
        }
    }

    /// Its documents; empty ones are left out. Places are in the file.
    pub(super) fn read<'t>(&self, lines: &Lines<'t>) -> Result<Vec<Document<'t>>, YamlError> {
        let text = self.text(lines.text);
        match self.kind {
            Kind::Json { .. } if text == "null" => Ok(Vec::new()),
            Kind::Json { is_canonical } => {
                let written = if is_canonical { None } else { json::canonical(text) };
                Ok(vec![Document::of(written.map_or(Cow::Borrowed(text), Cow::Owned))])
            }
            Kind::NoJson => {
                let message = "two or more JSON values may only be followed by others".to_owned();
                Err(YamlError { place: lines.place(self.range.start), message })
            }
            Kind::Yaml => match yaml::stream::to_json(text) {
                Some(documents) => Ok(documents.into_iter().map(|json| Document::of(Cow::Owned(json))).collect()),
                None => self.read_thoroughly(lines),
            },
        }
    }

    fn read_thoroughly<'t>(&self, lines: &Lines<'t>) -> Result<Vec<Document<'t>>, YamlError> {
        let in_file = self.in_file(lines);
        let error = |error: YamlError| YamlError { place: in_file(error.place), ..error };
        let read = |document: &yaml::Document<'_>| {
            let mut duplicates = document.duplicates();
            for duplicate in &mut duplicates {
                (duplicate.place, duplicate.earlier) = (in_file(duplicate.place), in_file(duplicate.earlier));
            }
            Ok(Document { json: Cow::Owned(document.to_json().map_err(error)?), duplicates })
        };
        yaml::documents(self.text(lines.text)).map_err(error)?.iter().map(read).collect()
    }

    /// Returns where fields stand in the file, each given by the number of its document and its path. A field that is absent stands at
    /// its nearest ancestor that is there.
    pub(super) fn places(&self, lines: &Lines<'_>, fields: &[(usize, Path)]) -> Vec<Place> {
        let text = self.text(lines.text);
        let mut sorted: Vec<(usize, &Path)> = fields.iter().map(|(document, path)| (*document, path)).collect();
        sorted.sort();
        let places: Vec<Place> = if self.is_json() {
            let paths: Vec<&Path> = sorted.iter().map(|(_, path)| *path).collect();
            json::offsets(text, &paths).into_iter().map(|offset| lines.place(self.range.start + offset)).collect()
        } else {
            // Nearly always there are none or a few; they are found without keeping the documents.
            let found = if self.repeats { None } else { yaml::find::places(text, &sorted) };
            let places = found.unwrap_or_else(|| {
                let documents = yaml::documents(text).unwrap_or_default();
                let place =
                    |(document, path): &(usize, &Path)| documents.get(*document).map(|document| document.place(path));
                sorted.iter().map(|field| place(field).unwrap_or(Place::START)).collect()
            });
            places.into_iter().map(self.in_file(lines)).collect()
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
    /// Says where each begins, in bytes: in half the memory, because a large file may have millions of them.
    starts: OnceLock<Vec<u32>>,
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

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            // A text is at most 64 MiB.
            let ends = line_ends(self.text).map_while(|end| u32::try_from(end).ok());
            let mut starts: Vec<u32> = std::iter::once(0).chain(ends).collect();
            // It is kept for as long as the text.
            starts.shrink_to_fit();
            starts
        })
    }

    /// Returns the byte at which the line of this number, counted from 1, begins.
    fn start(&self, number: usize) -> Option<usize> {
        let start = self.starts().get(number.checked_sub(1)?)?;
        usize::try_from(*start).ok()
    }

    /// Returns the line of this number, counted from 1, without its end.
    pub(super) fn line(&self, number: usize) -> &'t str {
        let Some(start) = self.start(number) else { return "" };
        let end = self.start(number + 1).unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default().trim_end()
    }

    /// Returns the line at `place`, with a mark under what stands there; of a long line a stretch around it.
    pub(super) fn excerpt(&self, place: Place) -> Excerpt {
        let line = self.line(place.line);
        let start = self.start(place.line).unwrap_or_default();
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
        let line = self.starts().partition_point(|start| usize::try_from(*start).is_ok_and(|start| start <= offset));
        let start = self.start(line).unwrap_or_default();
        let column = self.characters_before(offset).saturating_sub(self.characters_before(start)) + 1;
        Place { line, column }
    }

    /// Returns how many characters begin before each stretch.
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
