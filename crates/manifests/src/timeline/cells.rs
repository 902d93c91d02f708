//! A line of a terminal on which bars are painted.

use std::time::Duration;

use super::bars::{Kind, Span};

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) character: char,
    /// What its colour says.
    pub(super) kind: Option<Kind>,
}

/// A row of cells, each of them an equal part of the time.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    cells: Vec<Cell>,
    end: Duration,
}

impl Cells {
    pub(super) fn new(width: usize, end: Duration) -> Self {
        Self { cells: vec![Cell { character: ' ', kind: None }; width], end }
    }

    /// Returns the cell that a time falls into; the last for the end and what is later.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a column of a terminal"
    )]
    pub(super) fn column(&self, time: Duration) -> usize {
        let share = time.as_secs_f64() / self.end.as_secs_f64().max(f64::MIN_POSITIVE);
        let column = (share * self.cells.len() as f64).floor();
        (column as usize).min(self.cells.len().saturating_sub(1))
    }

    /// Paints a stretch, one cell at least.
    pub(super) fn paint(&mut self, span: Span, character: char, kind: Option<Kind>) {
        let from = self.column(span.from);
        let to = self.column(span.to).max(from + 1);
        let width = self.cells.len();
        let to = if span.to >= self.end { width } else { to.min(width) };
        for cell in self.cells.get_mut(from..to).unwrap_or_default() {
            *cell = Cell { character, kind };
        }
    }

    /// Puts one character where a time falls.
    pub(super) fn put(&mut self, time: Duration, character: char) {
        let column = self.column(time);
        self.put_at(column, character);
    }

    fn put_at(&mut self, column: usize, character: char) {
        if let Some(cell) = self.cells.get_mut(column) {
            cell.character = character;
        }
    }

    /// Writes words from a time on, if they fit before `until`. Returns whether they did.
    pub(super) fn write(&mut self, time: Duration, words: &str, until: Duration) -> bool {
        let from = self.column(time);
        let to = if until >= self.end { self.cells.len() } else { self.column(until) };
        if from + words.chars().count() > to {
            return false;
        }
        for (offset, character) in words.chars().enumerate() {
            self.put_at(from + offset, character);
        }
        true
    }

    /// Returns the cells without the blank ones at the end.
    pub(super) fn line(&self) -> &[Cell] {
        let end = self.cells.iter().rposition(|cell| cell.character != ' ').map_or(0, |last| last + 1);
        self.cells.get(..end).unwrap_or_default()
    }
}
