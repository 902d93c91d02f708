//! The pages of rules and mutations, taken from their own source text.

/// The leading `//!` block of a source file: the page, in Markdown.
pub fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut page: String =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).flat_map(|line| [line, "\n"]).collect();
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_leading_block() {
        assert_eq!(
            page("//! # Title\n//!\n//! Text.\n//!   indented\n\n//! not this\nuse x;\n"),
            "# Title\n\nText.\n  indented\n"
        );
    }
}
