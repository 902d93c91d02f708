//! The life of a Pod as a picture: SVG that needs nothing else, light or dark as the reader's screen is.

use std::{io, time::Duration};

use quick_xml::{
    Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

use super::{
    bars::{Bar, Kind},
    chart::{self, Stretch},
    course::Story,
    life::Life,
    pins::Pin,
    time,
};
use podgate_engine::{lifecycle::timeline::What, rules::Level};

/// Pixels of the whole picture.
const WIDTH: f64 = 960.0;
/// Pixels of the names of lanes.
const LEFT: f64 = 190.0;
/// Pixels to the right of the lanes.
const RIGHT: f64 = 20.0;
/// Characters of a name that fit before the lanes.
const NAME: usize = 22;
const LANE: f64 = 30.0;
const ROW: f64 = 18.0;
/// Pixels of the numbers of a workload's Pods.
const CHART: f64 = 48.0;

/// The colours of a light screen, and the font.
const LIGHT: &str = "svg{--paper:#fff;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--pull:#0969da;--wait:#8c959f;--run:#d4a72c;\
--ready:#2da44e;--stop:#bf3989;--warn:#9a6700;--deny:#cf222e;font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}";
/// The colours of a dark screen.
const DARK: &str = "svg{--paper:#0d1117;--ink:#f0f6fc;--soft:#9198a1;--line:#3d444d;--pull:#58a6ff;--wait:#6e7681;\
--run:#d29922;--ready:#3fb950;--stop:#db61a2;--warn:#9e6a03;--deny:#da3633}";
const SHAPES: &str = ".paper{fill:var(--paper)}text{fill:var(--ink)}.soft{fill:var(--soft);font-size:12px}.title{font-size:17px;font-weight:600}\
.grid{stroke:var(--line)}.mark{stroke:var(--ink);stroke-dasharray:4 3}.window{stroke:var(--soft);stroke-width:2;fill:none}\
.maybe{stroke-dasharray:3 3}.hook{fill:var(--soft)}.phase{fill:none;stroke:var(--soft)}\
.pull{fill:var(--pull)}.wait{fill:var(--wait)}.run{fill:var(--run)}.ready{fill:var(--ready)}.stop{fill:var(--stop)}\
.total{fill:none;stroke:var(--soft)}.pin{fill:var(--warn)}.pin.deny{fill:var(--deny)}.number{fill:#fff;font-size:11px;font-weight:700}";

/// Tells which colours a picture has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Those that the reader's screen asks for.
    #[default]
    Screen,
    /// Light ones.
    Light,
    /// Dark ones.
    Dark,
}

/// Returns the life as SVG.
pub fn write(life: &Life) -> io::Result<String> {
    write_in(life, Theme::Screen)
}

/// Returns the life as SVG in the colours of `theme`: for a page where the reader chooses them.
pub fn write_in(life: &Life, theme: Theme) -> io::Result<String> {
    Picture { life, writer: Writer::new(Vec::new()), y: 0.0, prefix: "", style: Some(style(theme)) }.text()
}

/// Returns the life as SVG for a page that has several: its ids begin with `prefix`, and the page has [`style()`] once.
pub fn write_one_of_several(life: &Life, prefix: &str) -> io::Result<String> {
    Picture { life, writer: Writer::new(Vec::new()), y: 0.0, prefix, style: None }.text()
}

/// Returns the CSS that pictures need which do not bring it themselves.
pub fn style(theme: Theme) -> String {
    match theme {
        Theme::Screen => format!("{LIGHT}@media (prefers-color-scheme:dark){{{DARK}}}{SHAPES}"),
        Theme::Light => format!("{LIGHT}{SHAPES}"),
        Theme::Dark => format!("{LIGHT}{DARK}{SHAPES}"),
    }
}

struct Picture<'l> {
    life: &'l Life,
    writer: Writer<Vec<u8>>,
    y: f64,
    /// What its ids begin with.
    prefix: &'l str,
    /// The style that the picture brings.
    style: Option<String>,
}

fn number(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

impl Picture<'_> {
    fn text(mut self) -> io::Result<String> {
        self.write()?;
        let mut text = String::from_utf8(self.writer.into_inner()).map_err(io::Error::other)?;
        text.push('\n');
        Ok(text)
    }

    fn id(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Returns the fill of what may be so.
    fn maybe(&self, kind: Kind) -> String {
        format!("fill:url(#{})", self.id(&format!("maybe-{}", kind.id())))
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        let start = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.writer.write_event(Event::Start(start))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        self.writer.write_event(Event::Text(BytesText::new(text)))?;
        self.close(name)
    }

    fn x(&self, time: Duration) -> f64 {
        let share = time.as_secs_f64() / self.life.end.as_secs_f64().max(f64::MIN_POSITIVE);
        LEFT + (WIDTH - LEFT - RIGHT) * share.min(1.0)
    }

    fn words(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) -> io::Result<()> {
        self.element("text", &[("x", &number(x)), ("y", &number(y)), ("class", class), ("text-anchor", anchor)], text)
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) -> io::Result<()> {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        self.element("line", &[("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)], "")
    }

    /// Draws a rectangle between two times, with what it is in words.
    fn block(
        &mut self,
        times: (Duration, Duration),
        height: f64,
        class: &str,
        fill: &str,
        title: &str,
    ) -> io::Result<()> {
        let x = (self.x(times.0), self.x(times.1));
        self.rectangle(x, (self.y, self.y + height), class, fill, title)
    }

    /// Draws a rectangle from one place to another, with what it is in words.
    fn rectangle(&mut self, x: (f64, f64), y: (f64, f64), class: &str, fill: &str, title: &str) -> io::Result<()> {
        let [x, y, width, height] = [x.0, y.0, (x.1 - x.0).max(1.0), y.1 - y.0].map(number);
        let mut attributes = vec![("x", &*x), ("y", &*y), ("width", &*width), ("height", &*height), ("class", class)];
        if !fill.is_empty() {
            attributes.push(("style", fill));
        }
        self.open("rect", &attributes)?;
        self.element("title", &[], title)?;
        self.close("rect")
    }

    fn write(&mut self) -> io::Result<()> {
        let life = self.life;
        let rows = |index: usize| {
            let lane = life.timeline.containers.get(index);
            let windows = lane.map_or(0, |lane| probes(&lane.windows).len());
            windows + life.hooks.get(index).map_or(0, Vec::len)
        };
        let lanes = life.timeline.containers.len();
        #[allow(clippy::cast_precision_loss, reason = "a few rows")]
        let below = (0..lanes).map(rows).sum::<usize>() as f64 * ROW + lanes as f64 * LANE;
        let found = shown_pins(life).len();
        #[allow(clippy::cast_precision_loss, reason = "a few lines")]
        let keys = found as f64 * ROW;
        let lanes_end = 86.0 + LANE * 2.0 + below;
        let height = lanes_end + keys + course_height(life) + 50.0;
        let (w, h) = (number(WIDTH), number(height));
        let view = format!("0 0 {w} {h}");
        let (title, desc) = (self.id("podgate-title"), self.id("podgate-desc"));
        let labelled_by = format!("{title} {desc}");
        let attributes = [
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", &*view),
            ("width", &*w),
            ("height", &*h),
            ("role", "img"),
            ("aria-labelledby", &*labelled_by),
        ];
        self.open("svg", &attributes)?;
        self.element("title", &[("id", &title)], &life.heading())?;
        let said: Vec<String> = life
            .events
            .iter()
            .take(40)
            .map(|told| format!("{}: {} {}", told.when(), told.who, told.sentence()))
            .collect();
        self.element("desc", &[("id", &desc)], &said.join("; "))?;
        if let Some(style) = self.style.take() {
            self.element("style", &[], &style)?;
        }
        self.patterns()?;
        self.element("rect", &[("class", "paper"), ("width", &*w), ("height", &*h)], "")?;
        let heading = cut(&life.heading(), 100);
        self.words(16.0, 28.0, "title", "start", &heading)?;
        let bottom = lanes_end + 4.0;
        for tick in time::ticks(life.end, 10) {
            let x = self.x(tick);
            self.words(x, 68.0, "soft", "middle", &time::show(tick))?;
            self.line("grid", (x, 74.0), (x, bottom))?;
        }
        self.marks(bottom)?;
        self.y = 80.0;
        self.phases()?;
        self.lane("Pod ready", "Pod ready", &life.pod_ready)?;
        self.badges(None, None, -LANE)?;
        for (index, lane) in life.timeline.containers.iter().enumerate() {
            let bars = life.lanes.get(index).map_or(&[][..], Vec::as_slice);
            self.lane(&cut(&lane.name, NAME), &lane.name, bars)?;
            self.badges(Some(index), None, -LANE)?;
            self.windows(index)?;
            self.hooks(index)?;
        }
        self.y = lanes_end + 8.0;
        self.keys()?;
        let life = self.life;
        life.stories.iter().try_for_each(|story| self.course(story))?;
        self.legend(height - 18.0)?;
        self.close("svg")
    }

    /// Draws the numbers of the findings that are about this lane and row before it; `above` is where it is from here.
    fn badges(&mut self, lane: Option<usize>, row: Option<&str>, above: f64) -> io::Result<()> {
        let life = self.life;
        let pins = shown_pins(life);
        let own = pins.iter().enumerate().filter(|(_, pin)| pin.lane == lane && row_of(life, pin) == row);
        let height = if row.is_some() { ROW - 4.0 } else { LANE - 8.0 };
        let mut x = LEFT - 12.0;
        for (index, pin) in own {
            let (cx, cy) = (number(x), number(self.y + above + height / 2.0));
            let class = format!("pin {}", pin.level);
            self.open("circle", &[("cx", &*cx), ("cy", &*cy), ("r", "8"), ("class", &*class)])?;
            self.element("title", &[], &format!("{}: {}", pin.rule.id, pin.message))?;
            self.close("circle")?;
            self.words(x, self.y + above + height / 2.0 + 4.0, "number", "middle", &(index + 1).to_string())?;
            x -= 18.0;
        }
        Ok(())
    }

    /// Says which findings the numbers stand for.
    fn keys(&mut self) -> io::Result<()> {
        for (index, pin) in shown_pins(self.life).into_iter().enumerate() {
            self.y += ROW;
            let line = format!("{}  {}[{}] {}", index + 1, pin.level, pin.rule.id, pin.message);
            self.words(16.0, self.y - 4.0, "soft", "start", &cut(&line, 140))?;
        }
        Ok(())
    }

    /// Defines what is drawn where something may be so: a stripe of its colour in each second place.
    fn patterns(&mut self) -> io::Result<()> {
        self.open("defs", &[])?;
        for kind in Kind::ALL {
            let id = self.id(&format!("maybe-{}", kind.id()));
            let attributes = [
                ("id", &*id),
                ("width", "7"),
                ("height", "7"),
                ("patternUnits", "userSpaceOnUse"),
                ("patternTransform", "rotate(45)"),
            ];
            self.open("pattern", &attributes)?;
            self.element("rect", &[("class", kind.id()), ("width", "3"), ("height", "7")], "")?;
            self.close("pattern")?;
        }
        self.close("defs")
    }

    /// Draws what is done to the Pod as a line through all lanes.
    fn marks(&mut self, bottom: f64) -> io::Result<()> {
        let mut last = 0.0;
        for event in &self.life.timeline.events {
            let words = match event.what {
                What::Deleted => "deleted",
                What::Ungated => "gate removed",
                What::DeadlineExceeded => "deadline",
                What::RestartsAll => "all restart",
                _ => continue,
            };
            let x = self.x(event.time.earliest);
            self.line("mark", (x, 76.0), (x, bottom))?;
            if x - last > 90.0 {
                let x = x.min(WIDTH - 40.0);
                self.words(x, 48.0, "soft", "middle", words)?;
                last = x;
            }
        }
        Ok(())
    }

    fn name(&mut self, shown: &str, whole: &str, class: &str, height: f64) -> io::Result<()> {
        let (x, y) = (number(16.0), number(self.y + height / 2.0 + 4.0));
        self.open("text", &[("x", &*x), ("y", &*y), ("class", class)])?;
        self.element("title", &[], whole)?;
        self.writer.write_event(Event::Text(BytesText::new(shown)))?;
        self.close("text")
    }

    fn phases(&mut self) -> io::Result<()> {
        self.name("Pod phase", "Pod phase", "", LANE - 8.0)?;
        for bar in &self.life.phases {
            let to = bar.to.map_or(self.life.end, |to| to.earliest);
            let title = format!("{}, from {}", bar.kind.name(), time::show_bounds(&bar.from));
            self.block((bar.from.earliest, to), LANE - 8.0, "phase", "", &title)?;
            let x = self.x(bar.from.earliest);
            if self.x(to) - x > 70.0 {
                self.words(x + 6.0, self.y + 15.0, "soft", "start", bar.kind.name())?;
            }
        }
        self.y += LANE;
        Ok(())
    }

    fn lane(&mut self, shown: &str, whole: &str, bars: &[Bar<Kind>]) -> io::Result<()> {
        self.name(shown, whole, "", LANE - 8.0)?;
        for bar in bars {
            let until = bar.to.map_or_else(|| "the end".to_owned(), |to| time::show_bounds(&to));
            let words = bar.kind.words();
            let title = format!("{whole}: {words}, from {} until {until}", time::show_bounds(&bar.from));
            for span in bar.spans(self.life.end) {
                let fill = if span.is_certain { String::new() } else { self.maybe(bar.kind) };
                self.block((span.from, span.to), LANE - 8.0, bar.kind.id(), &fill, &title)?;
            }
        }
        self.y += LANE;
        Ok(())
    }

    fn windows(&mut self, index: usize) -> io::Result<()> {
        let life = self.life;
        let Some(lane) = life.timeline.containers.get(index) else { return Ok(()) };
        let bars = life.lanes.get(index).map_or(&[][..], Vec::as_slice);
        for probe in probes(&lane.windows) {
            self.name(&format!("  {}", probe.field()), probe.field(), "soft", ROW - 4.0)?;
            self.badges(Some(index), Some(probe.field()), 0.0)?;
            let y = self.y + (ROW - 4.0) / 2.0;
            for window in lane.windows.iter().filter(|window| window.probe == probe) {
                let ends = bars.iter().filter(|bar| bar.attempt == window.attempt && bar.kind != Kind::Wait);
                let end = ends.filter_map(|bar| bar.to).map(|to| to.last()).max();
                let last = window.gives_up.map_or(end.unwrap_or(life.end), |up| up.last());
                let (from, to) = (self.x(window.from.earliest), self.x(last));
                if from < to {
                    self.line("window", (from, y), (to, y))?;
                    self.line("window", (from, y - 4.0), (from, y + 4.0))?;
                    if let Some(up) = window.gives_up.filter(|_| last <= life.end) {
                        let earliest = self.x(up.earliest);
                        self.line("window maybe", (earliest, y - 4.0), (to, y - 4.0))?;
                        self.line("window", (earliest, y - 4.0), (earliest, y))?;
                        self.line("window", (to, y - 4.0), (to, y + 4.0))?;
                    }
                }
            }
            self.y += ROW;
        }
        Ok(())
    }

    fn hooks(&mut self, index: usize) -> io::Result<()> {
        for (hook, bars) in self.life.hooks.get(index).map_or(&[][..], Vec::as_slice) {
            self.name(&format!("  {}", hook.field()), hook.field(), "soft", ROW - 4.0)?;
            self.badges(Some(index), Some(hook.field()), 0.0)?;
            for span in bars.iter().flat_map(|bar| bar.spans(self.life.end)) {
                let fill = if span.is_certain { "" } else { "opacity:.45" };
                self.block((span.from, span.to), ROW - 6.0, "hook", fill, hook.field())?;
            }
            self.y += ROW;
        }
        Ok(())
    }

    /// Draws how many Pods of a workload there are, and how many are available, over a time of its own.
    fn course(&mut self, story: &Story) -> io::Result<()> {
        let Some(end) = chart::end(&story.course) else { return Ok(()) };
        let stretches = chart::stretches(&story.course, end);
        let most = stretches.iter().map(|stretch| stretch.total.1).max().unwrap_or(0);
        self.y += 30.0;
        self.words(16.0, self.y, "", "start", story.title)?;
        let place = |time: Duration| LEFT + (WIDTH - LEFT - RIGHT) * (time.as_secs_f64() / end.as_secs_f64()).min(1.0);
        for tick in time::ticks(end, 10) {
            self.words(place(tick), self.y, "soft", "middle", &time::show(tick))?;
        }
        let (top, bottom) = (self.y + 8.0, self.y + 8.0 + CHART);
        let state = story.state();
        self.words(16.0, top + 16.0, "soft", "start", &format!("Pods, and {state} ones"))?;
        #[allow(clippy::cast_precision_loss, reason = "a few thousand Pods at most")]
        let level = |pods: u64| bottom - CHART * pods as f64 / most.max(1) as f64;
        let maybe = self.maybe(Kind::Ready);
        for Stretch { from, to, available: (least, most), total } in &stretches {
            let title = format!(
                "{} of {} Pods are {state}, from {} to {}",
                either(*least, *most),
                either(total.0, total.1),
                time::show(*from),
                time::show(*to)
            );
            let blocks = [
                ("ready", "", (0, *least)),
                ("ready", &*maybe, (*least, *most)),
                ("total", "", (0, total.0)),
                ("total maybe", "", (total.0, total.1)),
            ];
            for (class, fill, (low, high)) in blocks.into_iter().filter(|(.., (low, high))| low < high) {
                let x = (place(*from), place(*to));
                self.rectangle(x, (level(high), level(low)), class, fill, &title)?;
            }
        }
        // Says why it is empty.
        let is_none = stretches.iter().all(|stretch| stretch.available.1 == 0);
        if is_none {
            let words = if most == 0 { "there are no Pods".to_owned() } else { format!("no Pod is {state}") };
            self.words(LEFT + 6.0, top + CHART / 2.0 + 4.0, "soft", "start", &words)?;
        }
        self.y = bottom + 4.0;
        for sentence in &story.sentences {
            self.y += ROW;
            self.words(LEFT, self.y - 4.0, "soft", "start", &cut(sentence, 120))?;
        }
        Ok(())
    }

    fn legend(&mut self, y: f64) -> io::Result<()> {
        let mut x = 16.0;
        for (kind, width) in Kind::ALL.into_iter().zip([130.0, 165.0, 130.0, 80.0, 105.0]) {
            let (left, top) = (number(x), number(y - 11.0));
            let attributes = [("x", &*left), ("y", &*top), ("width", "14"), ("height", "14"), ("class", kind.id())];
            self.element("rect", &attributes, "")?;
            self.words(x + 20.0, y, "soft", "start", kind.words())?;
            x += width;
        }
        let (left, top) = (number(x), number(y - 11.0));
        let fill = self.maybe(Kind::Ready);
        let attributes = [("x", &*left), ("y", &*top), ("width", "22"), ("height", "14"), ("style", &*fill)];
        self.element("rect", &attributes, "")?;
        self.words(x + 28.0, y, "soft", "start", "striped: may be so, or not yet")
    }
}

/// Returns a number, or the two that it lies between.
fn either(least: u64, most: u64) -> String {
    if least == most { least.to_string() } else { format!("{least} to {most}") }
}

fn probes(windows: &[podgate_engine::lifecycle::timeline::Window]) -> Vec<podgate_engine::lifecycle::timeline::Probe> {
    let mut probes: Vec<_> = windows.iter().map(|window| window.probe).collect();
    probes.sort();
    probes.dedup();
    probes
}

/// Pixels of what is drawn of a workload.
fn course_height(life: &Life) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a few sentences")]
    let height = |sentences: usize| 30.0 + 8.0 + CHART + 4.0 + ROW * sentences as f64 + 12.0;
    let stories = life.stories.iter().filter(|story| !story.course.steps.is_empty());
    stories.map(|story| height(story.sentences.len())).sum()
}

/// The findings that are drawn: those that somebody is told of, a few at most.
fn shown_pins(life: &Life) -> Vec<&Pin> {
    life.pins.iter().filter(|pin| pin.level > Level::Audit).take(9).collect()
}

/// Returns the row that a finding is about, where there is such a row: a probe that is missing has none.
fn row_of(life: &Life, pin: &Pin) -> Option<&'static str> {
    let lane = pin.lane?;
    let windows = life.timeline.containers.get(lane).map_or(&[][..], |lane| &lane.windows);
    let hooks = life.hooks.get(lane).map_or(&[][..], Vec::as_slice);
    let mut drawn = windows.iter().map(|window| window.probe.field()).chain(hooks.iter().map(|(hook, _)| hook.field()));
    pin.row.filter(|row| drawn.any(|drawn| drawn == *row))
}

/// Returns a text of so many characters at most.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
