//! Where fields stand in a YAML text, found as it goes by: nothing of it is kept, and it is read no further than is needed.

use std::borrow::Cow;

use super::{
    Place, member_name,
    parser::{Event, Events, Span},
    tags::{self, Meaning},
};
use crate::syntax::scalar::{self, Scalar};
use crate::syntax::{Path, path::Segment};

/// The places of fields, each given by the number of its document and its path, and all of them in ascending order: what
/// [`Document::place`](super::Document::place) says of them. `None` where only that can say it: where a way leads through an
/// alias or through a mapping that merges another. The first member of a name is taken: where keys are given twice
/// ([`Document::duplicates`](super::Document::duplicates)), only the document can say it, too.
pub fn places(text: &str, fields: &[(usize, &Path)]) -> Option<Vec<Place>> {
    let mut wanted: Vec<Wanted<'_>> = fields
        .iter()
        .map(|(document, path)| Wanted { document: *document, steps: path.segments(), place: Place::START })
        .collect();
    let mut finder = Finder { events: Events::new(text), missing: wanted.len() };
    let (mut rest, mut document) = (wanted.as_mut_slice(), 0);
    while finder.missing > 0 {
        if !matches!(finder.next()?.0, Event::DocumentStart) {
            continue;
        }
        let (event, span) = finder.next()?;
        if is_null(&event) {
            continue;
        }
        let here = rest.partition_point(|field| field.document <= document);
        let (here, later) = rest.split_at_mut_checked(here)?;
        finder.node(&event, span.place(), here, 0)?;
        (rest, document) = (later, document + 1);
    }
    Some(wanted.into_iter().map(|field| field.place).collect())
}

/// A field that is looked for, and where it or its nearest ancestor was found so far.
struct Wanted<'p> {
    document: usize,
    steps: &'p [Segment],
    place: Place,
}

impl Wanted<'_> {
    /// Returns whether the step at `depth` comes before the member `name`, in the order of paths.
    fn is_before(&self, depth: usize, name: &str) -> bool {
        matches!(self.steps.get(depth), Some(Segment::Key(key)) if **key < *name)
    }

    fn is_at(&self, depth: usize, name: &str) -> bool {
        matches!(self.steps.get(depth), Some(Segment::Key(key)) if **key == *name)
    }
}

struct Finder<'t> {
    events: Events<'t>,
    /// Tells how many fields are still looked for.
    missing: usize,
}

impl<'t> Finder<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.events.next().ok()?
    }

    /// Goes through the node that begins with `event` and stands at `place`, to which the first `depth` steps of all `wanted`
    /// lead.
    fn node(&mut self, event: &Event<'t>, place: Place, wanted: &mut [Wanted<'_>], depth: usize) -> Option<()> {
        // Each until something better is found.
        for field in wanted.iter_mut() {
            field.place = place;
        }
        let ends = wanted.partition_point(|field| field.steps.len() <= depth);
        self.missing -= ends;
        let (_, wanted) = wanted.split_at_mut_checked(ends)?;
        match event {
            _ if wanted.is_empty() => return self.skip(event),
            Event::MappingStart { .. } => self.members(wanted, depth)?,
            Event::SequenceStart { .. } => self.items(wanted, depth)?,
            Event::Alias(_) => return None,
            _ => self.missing -= wanted.len(),
        }
        Some(())
    }

    /// Goes on to the end of the node that began with `event`.
    fn skip(&mut self, event: &Event<'t>) -> Option<()> {
        let mut open = usize::from(begins(event));
        while open > 0 && self.missing > 0 {
            let (event, _) = self.next()?;
            open += usize::from(begins(&event));
            open -= usize::from(ends(&event));
        }
        Some(())
    }

    fn members(&mut self, wanted: &mut [Wanted<'_>], depth: usize) -> Option<()> {
        let mut absent = wanted.len();
        while self.missing > 0 {
            let (event, span) = self.next()?;
            if ends(&event) {
                self.missing -= absent;
                break;
            }
            let name = name(event)?;
            let begin = wanted.partition_point(|field| field.is_before(depth, &name));
            let (_, from) = wanted.split_at_mut_checked(begin)?;
            let end = from.partition_point(|field| field.is_at(depth, &name));
            let (inside, _) = from.split_at_mut_checked(end)?;
            absent -= inside.len();
            let (value, _) = self.next()?;
            self.node(&value, span.place(), inside, depth + 1)?;
        }
        Some(())
    }

    fn items(&mut self, mut wanted: &mut [Wanted<'_>], depth: usize) -> Option<()> {
        let mut index = 0;
        while self.missing > 0 {
            let (event, span) = self.next()?;
            if ends(&event) {
                self.missing -= wanted.len();
                break;
            }
            let step = Segment::Index(index);
            // What is no index comes before all indexes.
            let begin = wanted.partition_point(|field| field.steps.get(depth) < Some(&step));
            self.missing -= begin;
            let (_, from) = wanted.split_at_mut_checked(begin)?;
            let end = from.partition_point(|field| field.steps.get(depth) == Some(&step));
            let (inside, later) = from.split_at_mut_checked(end)?;
            self.node(&event, span.place(), inside, depth + 1)?;
            (wanted, index) = (later, index + 1);
        }
        Some(())
    }
}

fn begins(event: &Event<'_>) -> bool {
    matches!(event, Event::MappingStart { .. } | Event::SequenceStart { .. })
}

fn ends(event: &Event<'_>) -> bool {
    matches!(event, Event::MappingEnd | Event::SequenceEnd)
}

/// Returns whether it is a document that is left out.
fn is_null(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar { text, style, tag, .. } => {
            let meaning = tags::meaning(Cow::Borrowed(text), *style, tag.as_deref());
            matches!(meaning, Ok(Meaning::Plain(text)) if matches!(scalar::resolve(&text), Scalar::Null))
        }
        _ => false,
    }
}

/// The name of a member; `None` where it is none, or `<<`.
fn name(event: Event<'_>) -> Option<Cow<'_, str>> {
    if tags::is_merge(&event) {
        return None;
    }
    let Event::Scalar { text, style, tag, .. } = event else { return None };
    match tags::meaning(text, style, tag.as_deref()).ok()? {
        Meaning::Text(text) => Some(text),
        Meaning::Plain(text) => member_name(text, true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::documents;
    use super::*;

    /// Every path there is in a value, and some that are not.
    fn paths(value: &Value, here: &Path, into: &mut Vec<Path>) {
        into.push(here.clone());
        into.extend([here.clone().key("absent"), here.clone().key("absent").index(1), here.clone().index(99)]);
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| paths(value, &here.clone().key(name.clone()), into));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| paths(item, &here.clone().index(index), into));
            }
            _ => {}
        }
    }

    fn all(text: &str) -> (Vec<(usize, Path)>, Vec<Place>) {
        let documents = documents(text).unwrap();
        let mut fields = Vec::new();
        for (number, document) in documents.iter().enumerate() {
            let mut found = Vec::new();
            paths(&serde_json::from_str(&document.to_json().unwrap()).unwrap(), &Path::default(), &mut found);
            fields.extend(found.into_iter().map(|path| (number, path)));
        }
        fields.sort();
        let expected = fields.iter().map(|(number, path)| documents[*number].place(path)).collect();
        (fields, expected)
    }

    fn borrowed(fields: &[(usize, Path)]) -> Vec<(usize, &Path)> {
        fields.iter().map(|(number, path)| (*number, path)).collect()
    }

    #[test]
    fn says_what_the_document_says() {
        for text in [
            "a: 1\nb: [x, {c: null}, [], {}]\n---\n---\n\"d\": \"1\"\n",
            "# first\nz:\n- y: 1\n  x:\n  - p\n  -   q: 2\n- - deep\n  - er\na: |\n  two\n  lines\nm: {n: {o: [1, 2]}}\n",
            "on: x\n1: z\n~x: ü\n'q': {? k : v}\n",
            "a: &x {p: 1, q: [2]}\nb: 1\n",
            "- 1\n- b: 2\n  c: 3\n---\ntext\n---\n!!str\n---\n[]\n",
            "? a\n: b\n? c\n",
            "&a ~\n---\n&b\n---\nx: 1\n",
            "a: \"x\ny\"\nb: 'x\n\n y'\nc: [\"p\nq\", {r: 1}]\n",
            "a: 1\nb:\t2\n# \u{2028}\nc: \"\u{85}\"\n---\n\u{feff}d: {e: 1}\n",
        ] {
            let (fields, expected) = all(text);
            assert_eq!(places(text, &borrowed(&fields)).unwrap(), expected, "{text}");
            for (field, expected) in borrowed(&fields).iter().zip(expected) {
                assert_eq!(places(text, std::slice::from_ref(field)), Some(vec![expected]), "{text} {field:?}");
            }
        }
    }

    #[test]
    fn leaves_aliases_and_merges_alone() {
        let text = "a: &x {p: 1}\nb: *x\nc: {<<: *x, r: 1}\n";
        let at = |keys| places(text, &[(0, &Path::of(keys))]);
        assert_eq!(at(&["b", "p"]), None);
        assert_eq!(at(&["c", "p"]), None);
        assert_eq!(at(&["b"]), Some(vec![Place { line: 2, column: 1 }]));
        assert_eq!(at(&["a", "p"]), Some(vec![Place { line: 1, column: 8 }]));
    }

    #[test]
    fn reads_no_further_than_is_needed() {
        let text = "a: {b: 1}\nc: [\n";
        assert!(documents(text).is_err());
        assert_eq!(places(text, &[(0, &Path::of(&["a", "b"]))]), Some(vec![Place { line: 1, column: 5 }]));
        assert_eq!(places(text, &[(0, &Path::of(&["c"]).index(0))]), None);
        assert_eq!(places("", &[(0, &Path::default())]), None);
    }
}
