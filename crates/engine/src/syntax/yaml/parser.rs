//! The events of a stream of documents, as `kubectl` takes it apart.
//!
//! A line that begins with `---` ends a document, wherever it stands; it may hold nothing else but a comment. Of what is
//! between two such lines the first document counts: what follows `...` is not read. Where nothing comes before such a line,
//! it belongs to the document.

mod cursor;
mod event;
mod flow;
mod names;
mod scalars;
mod scanner;
mod states;
mod token;

pub(super) use event::{Event, Span};
pub(super) use token::Style;

use super::document::{Place, YamlError};
use cursor::Cursor;
use states::Parser;

/// The events of all documents, one after the other.
#[derive(Debug)]
pub(super) struct Events<'t> {
    text: &'t str,
    /// Tells where the line begins that is looked at next, and how many lines there are before it.
    next: usize,
    line: usize,
    document: Option<Parser<'t>>,
}

impl<'t> Events<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, next: 0, line: 0, document: None }
    }

    /// The next event; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        loop {
            if let Some(document) = &mut self.document {
                match document.next()? {
                    Some(event) => return Ok(Some(event)),
                    None => self.document = None,
                }
            }
            let (start, line) = (self.next, self.line);
            if start >= self.text.len() {
                return Ok(None);
            }
            let end = self.find_separator()?;
            let document = self.text.get(..end).unwrap_or_default();
            self.document = Some(Parser::new(Cursor::new(document, start, line)?));
        }
    }

    /// Finds the end of the document that begins at the next line, and goes over the line that ends it.
    fn find_separator(&mut self) -> Result<usize, YamlError> {
        let first = self.next;
        loop {
            let rest = self.text.get(self.next..).unwrap_or_default();
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or_default();
            let (start, number) = (self.next, self.line);
            self.next += length;
            self.line += line_breaks(line);
            if let Some(behind) = line.strip_prefix("---") {
                let said = behind.trim();
                if !said.is_empty() && !said.starts_with('#') {
                    let message = "a line that begins with --- ends a document and may hold nothing else but a comment";
                    return Err(YamlError {
                        place: Place { line: number + 1, column: 1 },
                        message: message.to_owned(),
                    });
                }
                if start > first {
                    return Ok(start);
                }
            }
            if self.next >= self.text.len() {
                return Ok(self.next);
            }
        }
    }
}

/// Returns how many lines end in a stretch that ends with a line feed, if at all: carriage returns end lines, too.
fn line_breaks(text: &str) -> usize {
    let (body, feeds) = text.strip_suffix('\n').map_or((text, 0), |body| (body.strip_suffix('\r').unwrap_or(body), 1));
    feeds + body.matches('\r').count()
}
