//! The life of a Pod as text: lanes of characters, then what happens and what is found, in words.

use std::{collections::BTreeSet, fmt::Write, time::Duration};

use anstyle::{AnsiColor, Style};

use super::{
    bars::{Bar, Kind, Span},
    cells::Cells,
    course::Story,
    life::Life,
    time,
    words::Told,
};
use podgate_engine::{
    lifecycle::timeline::{Hook, Window},
    syntax::text::one_line,
};

/// The least columns that a picture is drawn in.
const MIN_WIDTH: usize = 50;
/// The columns of the names of lanes at most.
const MOST_LABEL: usize = 24;
/// Columns that a tick of the axis takes at least.
const TICK: usize = 9;
/// So many events are told at most; of a container that is started again and again the later ones are alike.
const MOST_EVENTS: usize = 60;

/// Tells how text is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// With colours, as a terminal shows them.
    pub is_coloured: bool,
}

/// Returns the character of a kind where it is certain.
fn character(kind: Kind) -> char {
    match kind {
        Kind::Pull => '~',
        Kind::Wait => '.',
        Kind::Run => '▒',
        Kind::Ready => '█',
        Kind::Stop => '▼',
    }
}

/// What may be.
const MAYBE: char = '/';

fn style(kind: Kind) -> Style {
    let colour = match kind {
        Kind::Pull => AnsiColor::Blue,
        Kind::Wait => AnsiColor::BrightBlack,
        Kind::Run => AnsiColor::Yellow,
        Kind::Ready => AnsiColor::Green,
        Kind::Stop => AnsiColor::Magenta,
    };
    Style::new().fg_color(Some(colour.into()))
}

/// Returns the life as text.
pub fn write(life: &Life, look: Look) -> String {
    let look = Look { width: look.width.max(MIN_WIDTH), ..look };
    let mut page =
        Page { life, look, label: label_width(life), text: String::new(), used: BTreeSet::new(), maybe: false };
    page.write();
    page.text
}

fn label_width(life: &Life) -> usize {
    let names = life.timeline.containers.iter().map(|lane| lane.name.chars().count());
    names.max().unwrap_or(0).clamp(16, MOST_LABEL)
}

struct Page<'l> {
    life: &'l Life,
    look: Look,
    label: usize,
    text: String,
    used: BTreeSet<Kind>,
    maybe: bool,
}

impl Page<'_> {
    fn write(&mut self) {
        let life = self.life;
        let bold = if self.look.is_coloured { Style::new().bold() } else { Style::new() };
        let heading = one_line(&life.heading(), 200).into_owned();
        let _ = writeln!(self.text, "{bold}{heading}{bold:#}\n");
        self.axis();
        self.phases();
        self.bars("Pod ready", &life.pod_ready);
        for (index, lane) in life.timeline.containers.iter().enumerate() {
            let bars = life.lanes.get(index).map_or(&[][..], Vec::as_slice);
            self.bars(&lane.name, bars);
            let mut fields: Vec<_> = lane.windows.iter().map(|window| window.probe).collect();
            fields.sort();
            fields.dedup();
            for probe in fields {
                let windows: Vec<&Window> = lane.windows.iter().filter(|window| window.probe == probe).collect();
                self.windows(probe.field(), &windows, bars);
            }
            for (hook, bars) in life.hooks.get(index).map_or(&[][..], Vec::as_slice) {
                self.hook(*hook, bars);
            }
        }
        self.legend();
        self.stories();
        self.events();
        self.pins();
        self.sentences("Assumed", &life.assumptions);
        if let Some(goes_on) = life.goes_on() {
            let _ = writeln!(self.text, "\n{goes_on}");
        }
    }

    fn cells(&self) -> Cells {
        Cells::new(self.look.width - self.label - 2, self.life.end)
    }

    /// Writes a row: a name, cut to its column, and cells.
    fn row(&mut self, name: &str, cells: &Cells) {
        let name: String = match name.char_indices().nth(self.label) {
            Some(_) => name.chars().take(self.label - 1).chain(['…']).collect(),
            None => name.to_owned(),
        };
        let name = one_line(&name, self.label).into_owned();
        let mut line = format!("{name:<width$}  ", width = self.label);
        let mut open: Option<Kind> = None;
        for cell in cells.line() {
            if self.look.is_coloured && cell.kind != open {
                if let Some(kind) = open {
                    let _ = write!(line, "{:#}", style(kind));
                }
                if let Some(kind) = cell.kind {
                    let _ = write!(line, "{}", style(kind));
                }
                open = cell.kind;
            }
            line.push(cell.character);
        }
        if let Some(kind) = open {
            let _ = write!(line, "{:#}", style(kind));
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn axis(&mut self) {
        let (mut names, mut marks) = (self.cells(), self.cells());
        let columns = self.look.width - self.label - 2;
        marks.paint(Span { from: Duration::ZERO, to: self.life.end, is_certain: true }, '─', None);
        for tick in time::ticks(self.life.end, columns / TICK) {
            names.write(tick, &time::show(tick), self.life.end);
            marks.put(tick, '┬');
        }
        self.row("", &names);
        self.row("", &marks);
    }

    fn phases(&mut self) {
        let mut cells = self.cells();
        let life = self.life;
        for bar in &life.phases {
            let to = bar.to.map_or(life.end, |to| to.earliest);
            cells.put(bar.from.earliest, '│');
            if !cells.write(bar.from.earliest, &format!("│{} ", bar.kind.name()), to) {
                let initial: String = bar.kind.name().chars().take(1).collect();
                cells.write(bar.from.earliest, &initial, life.end);
            }
            if let Some(to) = bar.to {
                cells.put(to.last(), '│');
            }
        }
        self.row("Pod phase", &cells);
    }

    fn bars(&mut self, name: &str, bars: &[Bar<Kind>]) {
        let mut cells = self.cells();
        for bar in bars {
            self.used.insert(bar.kind);
            for span in bar.spans(self.life.end) {
                self.maybe |= !span.is_certain;
                cells.paint(span, if span.is_certain { character(bar.kind) } else { MAYBE }, Some(bar.kind));
            }
        }
        self.row(name, &cells);
    }

    /// Writes how long a probe may fail: from the first time that it may be asked to the last moment when it gives up.
    fn windows(&mut self, field: &str, windows: &[&Window], bars: &[Bar<Kind>]) {
        let mut cells = self.cells();
        for window in windows {
            let ends = bars.iter().filter(|bar| bar.attempt == window.attempt && bar.kind != Kind::Wait);
            let ends = ends.filter_map(|bar| bar.to).map(|to| to.last()).max();
            let end = ends.unwrap_or(self.life.end);
            let last = window.gives_up.map_or(end, |up| up.last());
            let span = |from: Duration, to: Duration| Span { from, to, is_certain: true };
            if window.from.earliest >= last {
                continue;
            }
            cells.paint(span(window.from.earliest, last), '-', None);
            if let Some(up) = window.gives_up {
                if up.earliest < last {
                    cells.paint(span(up.earliest, last), MAYBE, None);
                }
                cells.put(last, if last > self.life.end { '>' } else { 'x' });
            }
            cells.put(window.from.earliest, '|');
        }
        self.row(&format!("  {field}"), &cells);
    }

    fn hook(&mut self, hook: Hook, bars: &[Bar<Hook>]) {
        let mut cells = self.cells();
        for bar in bars {
            for span in bar.spans(self.life.end) {
                cells.paint(span, if span.is_certain { '=' } else { MAYBE }, None);
            }
        }
        self.row(&format!("  {}", hook.field()), &cells);
    }

    fn legend(&mut self) {
        let mut said: Vec<String> =
            self.used.iter().map(|kind| format!("{} {}", character(*kind), kind.words())).collect();
        if self.maybe {
            said.push(format!("{MAYBE} may be so, or not yet"));
        }
        let windows = self.life.timeline.containers.iter().flat_map(|lane| &lane.windows);
        if windows.clone().next().is_some() {
            said.push("|-- a probe is asked".to_owned());
        }
        if windows.clone().any(|window| window.gives_up.is_some()) {
            said.push("x gives up if it always fails".to_owned());
        }
        if self.life.hooks.iter().any(|hooks| !hooks.is_empty()) {
            said.push("= a hook runs".to_owned());
        }
        self.text.push('\n');
        self.wrapped("", &said.join("   "), "   ");
    }

    /// Writes words in lines of the width, the later ones indented as the first begins.
    fn wrapped(&mut self, start: &str, words: &str, separator: &str) {
        let indent = start.chars().count();
        let mut line = start.to_owned();
        let mut is_first = true;
        for word in words.split(separator) {
            let length = line.chars().count() + separator.chars().count() + word.chars().count();
            if !is_first && length > self.look.width {
                let _ = writeln!(self.text, "{}", line.trim_end());
                line = " ".repeat(indent);
                is_first = true;
            }
            if !is_first {
                line.push_str(separator);
            }
            line.push_str(word);
            is_first = false;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    fn heading(&mut self, words: &str) {
        let bold = if self.look.is_coloured { Style::new().bold() } else { Style::new() };
        let _ = writeln!(self.text, "\n{bold}{words}{bold:#}");
    }

    fn sentences(&mut self, heading: &str, sentences: &[String]) {
        if sentences.is_empty() {
            return;
        }
        self.heading(heading);
        for sentence in sentences {
            self.wrapped("- ", one_line(sentence, 500).as_ref(), " ");
        }
    }

    /// Writes how many Pods are available in a rollout, a Job and a drain.
    fn stories(&mut self) {
        let life = self.life;
        for story in &life.stories {
            self.story(story);
        }
    }

    fn story(&mut self, story: &Story) {
        self.heading(story.title);
        let what = story.state();
        for step in story.course.steps.iter().take(MOST_EVENTS) {
            let ending = if step.ending > 0 { format!(", {} ending", step.ending) } else { String::new() };
            let when = time::show_bounds(&step.from);
            let bar: String = "█".repeat(usize::try_from(step.available.min(20)).unwrap_or(20));
            let _ =
                writeln!(self.text, "{when:<18} {bar:<20} {} {what} of {} Pods{ending}", step.available, step.total);
        }
        for sentence in &story.sentences {
            self.wrapped("- ", sentence, " ");
        }
    }

    fn events(&mut self) {
        self.heading("What happens");
        let life = self.life;
        let when = life.events.iter().map(|event| event.when().chars().count()).max().unwrap_or(0);
        let who = life.events.iter().map(|event| event.who.chars().count().min(MOST_LABEL)).max().unwrap_or(0);
        for event in life.events.iter().take(MOST_EVENTS) {
            let Told { who: name, .. } = event;
            let start = format!("{:<when$}  {:<who$}  ", event.when(), one_line(name, MOST_LABEL));
            self.wrapped(&start, &event.sentence(), " ");
        }
        if let Some(more) = life.events.len().checked_sub(MOST_EVENTS).filter(|more| *more > 0) {
            let _ = writeln!(self.text, "and {more} more; --format json has all");
        }
    }

    fn pins(&mut self) {
        if self.life.pins.is_empty() {
            return;
        }
        self.heading("What podgate finds");
        for pin in &self.life.pins {
            let said = format!("{} ({})", pin.message, pin.at);
            self.wrapped(&format!("{}[{}] ", pin.level, pin.rule.id), &one_line(&said, 1000), " ");
        }
    }
}
