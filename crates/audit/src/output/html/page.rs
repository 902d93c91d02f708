//! The text of a page as it grows, and what its parts have in common.

use podgate_engine::rules::Level;
use quick_xml::escape::escape;

use crate::Source;

/// Limits what a page holds, so that a browser can still show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Findings; those of the worst level come first.
    pub findings: usize,
    /// Pictures of the lives of Pods.
    pub pictures: usize,
    /// Objects that are named for each rule.
    pub objects_of_rule: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { findings: 10_000, pictures: 200, objects_of_rule: 100 }
    }
}

/// The text of a page as it grows.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    /// Adds markup as it is.
    pub(super) fn raw(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    /// Adds an element with a text, which is escaped, on a line of its own; `attributes` are markup that begins with a space.
    pub(super) fn element(&mut self, name: &str, attributes: &str, text: &str) {
        self.raw(&format!("<{name}{attributes}>{}</{name}>\n", escape(text)));
    }
}

/// Returns the mark of a level: a word, and a colour for who sees it.
pub(super) fn mark(level: Level) -> String {
    format!("<span class=\"level {level}\">{level}</span>")
}

/// Returns a link to what is said of a rule or an observation at the end of the page.
pub(super) fn link(source: Source) -> String {
    format!("<a href=\"#rule-{id}\">{id}</a>", id = escape(source.id()))
}

/// Returns a number with its thing: `1 Pod`, `2 Pods`, `12,000 Pods`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Returns a number with its thousands set apart.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
