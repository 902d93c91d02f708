//! YAML turned into JSON text line by line: the quickest way, for documents that are written as nearly all manifests are.
//!
//! It knows mappings and lists that are told apart by indentation, texts on one line, plain or quoted, block scalars, collections
//! in brackets on one line, comments, anchors and aliases. At everything else it gives up, and also where it is not sure:
//! [`stream`](super::stream) reads on from the start, which takes apart each document by its tokens, and says what is wrong. Giving
//! up is always right; what is said here has to be the very text that is said there, which the tests compare.

mod flow;
mod lines;
mod scalars;
#[cfg(test)]
mod tests;

use lines::{begins_item, indentation, split_line};
use scalars::{Head, Rest};

use super::json_writer::Writer;

/// Limits how much room is made for the JSON text of a document before it is known how long that is.
const MAX_RESERVED_BYTES: usize = 4096;

/// The documents of a stream as JSON text, without the empty ones. `None` where something is written in another way than is
/// known here.
pub fn to_json(text: &str) -> Option<Vec<String>> {
    let has_tabs = scalars::has_tabs(text)?;
    let mut reader = Reader {
        rest: text,
        has_tabs,
        blocks: Vec::new(),
        awaits: Some(0),
        writer: Writer::default(),
        names: Vec::new(),
        scratch: String::new(),
        documents: Vec::new(),
    };
    while let Some((line, rest)) = split_line(reader.rest) {
        reader.rest = rest;
        reader.line(line)?;
    }
    reader.end_document()?;
    Some(reader.documents)
}

/// A mapping or a list that is not ended yet.
#[derive(Clone, Copy)]
struct Block {
    /// Where each of its members or items begins, counted from 0.
    column: usize,
    is_list: bool,
}

struct Reader<'t> {
    /// The lines that are not read yet.
    rest: &'t str,
    /// Tells whether there are tabs, which only comments and block scalars may have here.
    has_tabs: bool,
    blocks: Vec<Block>,
    /// Tells that a value is expected on the next line, or nothing, and the number of its anchor: 0 where it has none.
    awaits: Option<usize>,
    writer: Writer,
    /// The names of the anchors of the document; the first has the number 1.
    names: Vec<&'t str>,
    /// Text that is not written in the document as it is meant.
    scratch: String,
    documents: Vec<String>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: &'t str) -> Option<()> {
        let column = indentation(line);
        let written = line.get(column..)?;
        if written.is_empty() || written.starts_with('#') {
            return Some(());
        }
        if self.has_tabs && written.contains('\t') {
            return None;
        }
        if column == 0 && (written.starts_with("---") || written.starts_with("...")) {
            // A comment stands apart from the dashes. What follows `...` is not read: it is rare.
            return if scalars::is_rest(written.strip_prefix("---")?) { self.end_document() } else { None };
        }
        let is_item = begins_item(written);
        self.go_to(column, is_item)?;
        if is_item {
            return self.item(written, column);
        }
        let head = scalars::head(written, &mut self.scratch)?;
        self.member(head)
    }

    /// Opens or ends blocks, until the next member or item of the innermost one begins at this column.
    fn go_to(&mut self, column: usize, is_item: bool) -> Option<()> {
        if let Some(anchor) = self.awaits.take() {
            // A list may stand at the column of the key that it is the value of.
            let is_inside = self
                .blocks
                .last()
                .is_none_or(|block| column > block.column || (column == block.column && is_item && !block.is_list));
            if is_inside {
                return self.open(Block { column, is_list: is_item }, anchor);
            }
            self.nothing(anchor)?;
        }
        while self.blocks.last().is_some_and(|block| block.column > column) {
            self.close()?;
        }
        if !is_item && self.blocks.last().is_some_and(|block| block.is_list) {
            self.close()?;
        }
        let block = self.blocks.last()?;
        (block.column == column && block.is_list == is_item).then_some(())
    }

    fn open(&mut self, block: Block, anchor: usize) -> Option<()> {
        if self.blocks.is_empty() {
            self.writer.reserve(self.rest.len().min(MAX_RESERVED_BYTES));
        }
        self.writer.open(if block.is_list { '[' } else { '{' }, anchor)?;
        self.blocks.push(block);
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        self.blocks.pop()?;
        self.writer.close()
    }

    /// A value that is expected and not written: null.
    fn nothing(&mut self, anchor: usize) -> Option<()> {
        // An anchor of nothing is rare.
        if anchor == 0 { self.writer.scalar("", true, 0) } else { None }
    }

    /// Reads the items of lists that begin at the dash here, one within the other, and what the innermost one is.
    fn item(&mut self, mut written: &'t str, mut column: usize) -> Option<()> {
        loop {
            let behind = written.get(1..)?;
            let inner = behind.trim_start_matches(' ');
            if scalars::is_rest(behind) {
                self.awaits = Some(0);
                return Some(());
            }
            column += written.len() - inner.len();
            written = inner;
            if !begins_item(written) {
                break;
            }
            self.open(Block { column, is_list: true }, 0)?;
        }
        if scalars::begins_head(written) {
            return match scalars::head(written, &mut self.scratch)? {
                head @ Head { behind: Rest::Colon(_), .. } => {
                    self.open(Block { column, is_list: false }, 0)?;
                    self.member(head)
                }
                Head { text, is_plain, behind: Rest::End } => self.writer.scalar(text.of(&self.scratch), is_plain, 0),
            };
        }
        self.value(written, 0)
    }

    /// Writes the name of a member and reads its value.
    fn member(&mut self, Head { text, is_plain, behind }: Head<'t>) -> Option<()> {
        let Rest::Colon(behind) = behind else { return None };
        let name = text.of(&self.scratch);
        if is_plain && name == "<<" {
            return None;
        }
        self.writer.name(name, is_plain)?;
        self.value_or_nothing(behind, 0)
    }

    /// Reads what follows a colon or an anchor: a value, or nothing, which leaves it to the next line.
    fn value_or_nothing(&mut self, behind: &'t str, anchor: usize) -> Option<()> {
        if scalars::is_rest(behind) {
            self.awaits = Some(anchor);
            return Some(());
        }
        self.value(behind.trim_start_matches(' '), anchor)
    }

    /// Reads a value that begins here and, but for block scalars, ends on this line.
    fn value(&mut self, written: &'t str, anchor: usize) -> Option<()> {
        match written.as_bytes().first()? {
            b'[' | b'{' => {
                let behind = flow::collection(written, anchor, &mut self.writer, &mut self.scratch)?;
                scalars::is_rest(behind).then_some(())
            }
            b'|' | b'>' => {
                let parent = self.blocks.last()?.column;
                self.scratch.clear();
                self.rest = scalars::block(written, self.rest, parent, &mut self.scratch)?;
                self.writer.scalar(&self.scratch, false, anchor)
            }
            b'&' if anchor == 0 => {
                let (name, behind) = scalars::anchor(written)?;
                self.names.push(name);
                let number = self.names.len();
                // Where this is that of a key, the key that follows is no value.
                self.value_or_nothing(behind, number)
            }
            b'*' if anchor == 0 => {
                let (name, behind) = scalars::anchor(written)?;
                let number = self.names.iter().rposition(|known| *known == name)? + 1;
                if scalars::is_rest(behind) { self.writer.alias(number) } else { None }
            }
            _ => match scalars::head(written, &mut self.scratch)? {
                Head { text, is_plain, behind: Rest::End } => {
                    self.writer.scalar(text.of(&self.scratch), is_plain, anchor)
                }
                Head { behind: Rest::Colon(_), .. } => None,
            },
        }
    }

    /// Ends all blocks, and begins a new document.
    fn end_document(&mut self) -> Option<()> {
        let awaits = self.awaits.replace(0);
        self.names.clear();
        if self.blocks.is_empty() {
            return Some(());
        }
        if let Some(anchor) = awaits {
            self.nothing(anchor)?;
        }
        while !self.blocks.is_empty() {
            self.close()?;
        }
        self.documents.push(self.writer.finish());
        Some(())
    }
}
