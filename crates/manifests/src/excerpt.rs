//! `Excerpt`: the source line of a finding, with a mark under the field.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use podgate_engine::syntax::{text::is_unsafe, yaml::Place};

/// Tells how many characters of a line are kept before and behind the field: a minified file is one line of megabytes.
const KEPT_CHARACTERS: usize = 240;
/// Tells how wide a line is shown, in columns of a terminal.
const SHOWN_COLUMNS: usize = 120;

/// A stretch of a source line around a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// The text, without what could harm a terminal.
    pub text: String,
    /// The bytes of the text that are marked.
    pub mark: Range<usize>,
}

impl Excerpt {
    /// Returns an excerpt of `text`, a stretch of the line `line`, that marks `width` characters from the byte `at` on.
    pub fn new(line: usize, text: &str, at: usize, width: usize) -> Self {
        // A tab is shown as blanks; anything else that a terminal would obey, or hide, as a sign for it.
        let safe = |text: &str| -> String {
            let sign = |c: char| if is_unsafe(c) && c != '\t' { '\u{fffd}' } else { c };
            text.chars().map(sign).collect()
        };
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let end = rest.char_indices().nth(width).map_or(rest.len(), |(end, _)| end);
        let (marked, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (before, marked) = (safe(before), safe(marked));
        let mark = before.len()..before.len() + marked.len();
        let text = format!("{before}{marked}{}", safe(behind));
        Self { line, text, mark }
    }

    /// Returns an excerpt of a line around its byte `at`, that marks the word there.
    pub(crate) fn around(line: usize, text: &str, at: usize) -> Self {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let from = before.char_indices().rev().nth(KEPT_CHARACTERS - 1).map_or(0, |(index, _)| index);
        let to = rest.char_indices().nth(KEPT_CHARACTERS).map_or(text.len(), |(index, _)| before.len() + index);
        Self::new(line, text.get(from..to).unwrap_or_default(), before.len() - from, word_width(rest))
    }

    /// Returns an excerpt of the line `text` around `place`.
    pub(crate) fn of_line(place: Place, text: &str) -> Self {
        let at = text.char_indices().nth(place.column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
        Self::around(place.line, text, at)
    }

    /// Returns the line with its number and a mark below, as compilers show it; lines end with a line feed.
    pub fn render(&self, is_coloured: bool) -> String {
        let mark = AnnotationKind::Primary.span(self.mark.clone());
        let snippet = Snippet::source(&*self.text).line_start(self.line).annotation(mark);
        let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(SHOWN_COLUMNS).render(&[Group::with_level(Level::ERROR).element(snippet)]) + "\n"
    }
}

/// Returns how many characters the key or value has that `text` begins with; at least 1.
fn word_width(text: &str) -> usize {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '"')).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_field_however_wide_the_characters_are() {
        let text = "a: \"日本語\", b: x";
        let excerpt = Excerpt::new(5, text, text.find('x').unwrap(), 1);
        assert_eq!(excerpt.render(false), "  |\n5 | a: \"日本語\", b: x\n  |                 ^\n");
    }

    #[test]
    fn a_long_line_is_shown_around_the_field() {
        let text = format!("{}bad{}", "x".repeat(300), "y".repeat(300));
        let shown = Excerpt::new(1, &text, 300, 3).render(false);
        assert!(shown.contains("...x") && shown.contains("xbady") && shown.contains("y...\n"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 140), "{shown}");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let shown = Excerpt::new(1, "\ta: \u{1b}[2J\u{202e}b", 1, 1).render(false);
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\t']), "{shown:?}");
        assert_eq!(Excerpt::new(3, "", 7, 2).mark, 0..0);
    }
}
