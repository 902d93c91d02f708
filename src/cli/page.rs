//! Renders a rule's page for a terminal: bold headings, dim code, paragraphs and list items wrapped to its width.
//!
//! The pages use little of Markdown (headings, paragraphs, lists of one level, fenced code, tables), and everything else is
//! shown as it is written.

use anstyle::Style;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Opens and closes an example. Fewer backticks at a line's start are a word in code, as anywhere in it.
const FENCE: &str = "```";
/// Columns before each line of an example.
const CODE_INDENT: usize = 4;
/// Narrower terminals are treated as this wide: one word a line cannot be read either.
const MIN_WIDTH: usize = 20;

/// Returns the page in lines of at most `width` columns, except for code, tables and single words that are longer. Without
/// `color` it has no escape sequences.
pub(super) fn render(markdown: &str, width: usize, color: bool) -> String {
    let width = width.max(MIN_WIDTH);
    let styled = |style: Style, text: &str| if color { format!("{style}{text}{style:#}") } else { text.to_owned() };
    let mut out = String::new();
    let mut in_code = false;
    for line in unwrapped(markdown) {
        if line.starts_with(FENCE) {
            in_code = !in_code;
            continue;
        }
        if in_code {
            out.push_str(&" ".repeat(if line.is_empty() { 0 } else { CODE_INDENT }));
            out.push_str(&styled(DIM, &line));
        } else if line.starts_with('#') {
            out.push_str(&styled(BOLD, line.trim_start_matches('#').trim_start()));
        } else if line.starts_with('|') {
            out.push_str(&line);
        } else {
            let wrapped = wrap(&line, width, if line.starts_with("- ") { 2 } else { 0 });
            // Each second part is between backticks; one that is not closed is no code.
            for (index, part) in wrapped.split('`').enumerate() {
                let is_span = index % 2 == 1 && index < wrapped.matches('`').count();
                match index {
                    _ if is_span => out.push_str(&styled(DIM, &format!("`{part}`"))),
                    odd if odd % 2 == 1 => out.push_str(&format!("`{part}")),
                    _ => out.push_str(part),
                }
            }
        }
        out.push('\n');
    }
    out
}

/// Returns the lines with each paragraph and list item on one line: the terminal's width is not the source's.
fn unwrapped(markdown: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut in_code = false;
    // Tells that the line before may go on.
    let mut open = false;
    for line in markdown.lines() {
        in_code ^= line.starts_with(FENCE);
        let plain = !in_code && !line.is_empty() && !line.starts_with(FENCE) && !line.starts_with(['#', '|']);
        match lines.last_mut() {
            Some(last) if open && plain && !line.starts_with("- ") => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
        open = plain;
    }
    lines
}

/// Breaks `text` between words, and indents all lines but the first.
fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column == 0 {
            column = length;
        } else if column + 1 + length <= width || out == "-" {
            // An item begins on the line of its mark, however long its first word is.
            out.push(' ');
            column += 1 + length;
        } else {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent + length;
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use podgate_engine::{policy::pages, rules::RULES};

    use super::*;

    const PAGE: &str = "# A rule\n\none two three\nfour `a\nb` five\n\n- item goes\n  on and on\n- next\n\n\
        ```yaml\na: 1 # longer than the width\n\nb: 2\n```\n";

    #[test]
    fn paragraphs_and_items_are_wrapped_anew() {
        let expected = "A rule\n\none two three four\n`a b` five\n\n- item goes on and\n  on\n- next\n\n    \
            a: 1 # longer than the width\n\n    b: 2\n";
        assert_eq!(render(PAGE, 20, false), expected);
    }

    #[test]
    fn code_at_the_start_of_a_line_does_not_break_a_paragraph() {
        assert_eq!(render("one\n`two` three\n\n- one\n  `two`\n", 20, false), "one `two` three\n\n- one `two`\n");
    }

    /// Returns the lines of a rendered page that are paragraphs, items and headings: no code and no tables.
    fn prose(rendered: &str) -> impl Iterator<Item = &str> {
        rendered.lines().filter(|line| !line.starts_with(&" ".repeat(CODE_INDENT)) && !line.starts_with('|'))
    }

    #[test]
    fn every_page_fills_its_lines() {
        for (rule, width) in RULES.iter().flat_map(|rule| [60, 80, 100].map(|width| (rule, width))) {
            let page = pages::rule_page(rule);
            let rendered = render(&page, width, false);
            let mut before = "";
            for line in prose(&rendered) {
                let words = line.trim_start_matches("- ").split_whitespace().count();
                assert!(line.chars().count() <= width || words == 1, "{} at {width}: {line}", rule.id);
                // A line that goes on begins with a word that had no room in the line before.
                let goes_on = !before.is_empty() && !line.is_empty() && !line.starts_with("- ");
                let next = line.split_whitespace().next().unwrap_or_default();
                let room = width.saturating_sub(before.chars().count());
                assert!(!goes_on || room <= next.chars().count(), "{} at {width}: {before:?}, {line:?}", rule.id);
                before = line;
            }
            // Nothing is lost and nothing is doubled, but for the marks of headings.
            let words = |text: &str| -> String {
                text.split_whitespace()
                    .map(|word| word.trim_start_matches('#'))
                    .filter(|word| !word.is_empty())
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let source: Vec<&str> = page.lines().filter(|line| !line.starts_with(FENCE)).collect();
            let (have, want) = (words(&rendered), words(&source.join("\n")));
            assert_eq!(have, want, "{} at {width}", rule.id);
        }
    }

    #[test]
    fn headings_are_bold_and_code_is_dim() {
        let page = render(PAGE, 80, true);
        for part in ["\u{1b}[1mA rule\u{1b}[0m", "four \u{1b}[2m`a b`\u{1b}[0m five", "    \u{1b}[2mb: 2\u{1b}[0m"] {
            assert!(page.contains(part), "{page:?}");
        }
        assert!(render("one ` two", 80, true).starts_with("one ` two"));
    }
}
