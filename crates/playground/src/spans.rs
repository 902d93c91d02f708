//! Places in a text as JavaScript counts them: columns in UTF-16 units.

use serde::Serialize;

use podgate_engine::syntax::yaml::Place;

/// A stretch of one line, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Span {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Behind the last unit.
    pub(crate) end_column: usize,
}

/// Counts columns of a text. Places that come in the order of the text are counted in one pass, however long its lines are.
pub(crate) struct Spans<'t> {
    lines: Vec<&'t str>,
    /// Says that the text begins with a byte order mark, which podgate does not count and JavaScript does.
    has_mark: bool,
    at: Cursor<'t>,
}

/// A position in a line.
#[derive(Clone, Copy, Default)]
struct Cursor<'t> {
    line: usize,
    characters: usize,
    units: usize,
    rest: &'t str,
}

impl Cursor<'_> {
    /// Goes on until so many characters are passed, or to the end of the line.
    fn pass(&mut self, characters: usize) {
        let mut wanted = characters.saturating_sub(self.characters);
        let mut rest = self.rest.chars();
        while wanted > 0
            && let Some(next) = rest.next()
        {
            (wanted, self.characters, self.units) = (wanted - 1, self.characters + 1, self.units + next.len_utf16());
        }
        self.rest = rest.as_str();
    }
}

impl<'t> Spans<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let inner = text.strip_prefix('\u{feff}');
        Self { lines: lines(inner.unwrap_or(text)), has_mark: inner.is_some(), at: Cursor::default() }
    }

    /// Returns the stretch of `width` characters that begins at `place`; what is beyond a line's end is at its end.
    pub(crate) fn span(&mut self, place: Place, width: usize) -> Span {
        let before = place.column.saturating_sub(1);
        if self.at.line != place.line || self.at.characters > before {
            let rest = place.line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or_default();
            self.at = Cursor { line: place.line, characters: 0, units: 0, rest };
        }
        self.at.pass(before);
        let mut end = self.at;
        end.pass(before + width);
        let first = 1 + usize::from(self.has_mark && place.line == 1);
        Span { line: place.line, column: first + self.at.units, end_column: first + end.units }
    }
}

/// Returns the lines of a text, as podgate and JavaScript's editors count them: they end with a line feed, a carriage return, or both.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        lines.push(line);
        rest = behind.strip_prefix("\r\n").or_else(|| behind.get(1..)).unwrap_or_default();
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, line: usize, column: usize, width: usize) -> (usize, usize, usize) {
        let Span { line, column, end_column } = Spans::of(text).span(Place { line, column }, width);
        (line, column, end_column)
    }

    #[test]
    fn columns_count_utf_16_units() {
        let text = "a: b\r\n\u{1f600}: ü\u{1f600}x\rlast";
        assert_eq!(span(text, 1, 4, 1), (1, 4, 5));
        assert_eq!(span(text, 2, 4, 2), (2, 5, 8));
        assert_eq!(span(text, 2, 6, 9), (2, 8, 9));
        assert_eq!(span(text, 3, 1, 4), (3, 1, 5));
        assert_eq!(span(text, 3, 9, 1), (3, 5, 5));
        assert_eq!(span(text, 9, 2, 1), (9, 1, 1));
        assert_eq!(span("\u{feff}ab\nc", 1, 2, 1), (1, 3, 4));
        assert_eq!(span("\u{feff}ab\nc", 2, 1, 1), (2, 1, 2));
    }

    #[test]
    fn the_order_of_places_changes_nothing() {
        let text = "\u{1f600}a\u{1f600}b\nc";
        let mut spans = Spans::of(text);
        let places = [(1, 1), (1, 3), (1, 2), (2, 1), (1, 4), (1, 4)];
        let all = places.map(|(line, column)| spans.span(Place { line, column }, 1));
        let alone = places.map(|(line, column)| Spans::of(text).span(Place { line, column }, 1));
        assert_eq!(all, alone);
    }
}
