//! What is to be seen, and the events that are.

use std::fmt;

use serde::Deserialize;

/// A line of the kubelet's log (`event.go`), or something that was done to the cluster.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// Milliseconds since 1970.
    pub at: i64,
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The container, `pod`, or another object's kind; `>` for what was done.
    pub who: String,
    pub what: String,
    /// Whether it is the API server that says so. What one change of a status says has the same time, and no order.
    #[serde(default)]
    pub status: bool,
    /// Its place in the log; `None` for what was done.
    #[serde(skip)]
    pub place: Option<usize>,
}

impl Event {
    /// Something that was done to the cluster.
    pub fn done(at: i64, namespace: &str, what: &str) -> Self {
        let (who, what, name) = (">".to_owned(), what.to_owned(), String::new());
        Self { at, namespace: namespace.to_owned(), name, who, what, status: false, place: None }
    }

    /// Whether both are said by one change of a status.
    pub fn is_one_change_with(&self, other: &Self) -> bool {
        self.status && other.status && self.at == other.at && self.name == other.name
    }

    /// Whether it may be taken for what comes after `earlier`.
    pub fn may_follow(&self, earlier: &Self) -> bool {
        match (self.place, earlier.place) {
            (Some(own), Some(other)) => own > other || own != other && self.is_one_change_with(earlier),
            _ => self.at >= earlier.at,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, who, what, .. } = self;
        if who == ">" { write!(f, "> {what}") } else { write!(f, "{name}/{who} {what}") }
    }
}

/// One line of a scenario's `seen` block.
#[derive(Debug)]
pub struct Step {
    /// File and line.
    pub at: String,
    pub kind: Kind,
}

impl Step {
    /// How long it takes at least, roughly.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn least_seconds(&self) -> u64 {
        match &self.kind {
            Kind::Seen { within: Some(Within { least, .. }), .. } => *least as u64,
            Kind::Quiet(seconds) | Kind::Do(Action::Wait(seconds)) => *seconds as u64,
            _ => 0,
        }
    }
}

#[derive(Debug)]
pub enum Kind {
    /// An event that comes.
    Seen { event: Pattern, within: Option<Within>, from: From },
    /// An event that does not come before the next that is seen, or while it is quiet.
    No(Pattern),
    /// The seconds after the last event in which what is said not to come does not.
    Quiet(f64),
    /// Something is done.
    Do(Action),
}

/// From which of the events that were seen before one is looked for, and its seconds are counted.
#[derive(Debug)]
pub enum From {
    /// Both from the last one.
    Last,
    /// Both from another: what came in between has no order.
    After(Pattern),
    /// It is looked for from the last one, and its seconds are counted from another.
    Since(Pattern),
}

/// The least and the most seconds.
#[derive(Debug, Clone, Copy)]
pub struct Within {
    pub least: f64,
    pub most: f64,
}

#[derive(Debug, Clone)]
pub enum Action {
    /// Deletes an object, the first if none is named.
    Delete {
        name: Option<String>,
        query: String,
    },
    /// Sends the next patch.
    Patch {
        subresource: String,
    },
    /// Creates what the next patch holds.
    Create,
    /// Asks for an eviction, which is granted or not.
    Evict {
        name: String,
        granted: bool,
    },
    /// Wants the API server not to know an object any more.
    Missing {
        name: String,
    },
    Wait(f64),
}

/// The first words of an event; `a..b` stands for a number from a to b, `*` for any word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<String>);

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Pattern {
    fn read(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Who, and the verb.
    pub fn words(&self) -> Option<(&str, &str)> {
        match &self.0[..] {
            [who, verb, ..] => Some((who, verb)),
            _ => None,
        }
    }

    /// The code of `<container> exits CODE`.
    pub fn exit_code(&self) -> Option<i64> {
        match &self.0[..] {
            [_, verb, code, ..] if verb == "exits" => code.parse().ok(),
            _ => None,
        }
    }

    /// The most seconds of `<container> gets SIGTERM SECONDS`.
    pub fn seconds_left(&self) -> Option<u64> {
        match &self.0[..] {
            [_, verb, signal, left, ..] if verb == "gets" && signal == "SIGTERM" => {
                left.split_once("..").map_or(left.as_str(), |(_, most)| most).parse().ok()
            }
            _ => None,
        }
    }

    pub fn matches(&self, event: &Event) -> bool {
        let Some((who, rest)) = self.0.split_first() else { return false };
        let (name, who) = who.split_once('/').map_or((None, who.as_str()), |(name, who)| (Some(name), who));
        let mut words = event.what.split(' ');
        name.is_none_or(|name| name == event.name)
            && who == event.who
            && rest.iter().all(|wanted| words.next().is_some_and(|word| is_word(wanted, word)))
    }
}

fn is_word(wanted: &str, word: &str) -> bool {
    let range = || {
        let (least, most) = wanted.split_once("..")?;
        let range = least.parse::<i64>().ok()?..=most.parse().ok()?;
        Some(range.contains(&word.parse().ok()?))
    };
    wanted == "*" || wanted == word || range().unwrap_or(false)
}

/// Reads the lines of a `seen` block that begins at `at`.
pub fn read(at: &str, lines: &[&str]) -> Vec<Step> {
    let (file, first) = at.rsplit_once(':').unwrap();
    let first: usize = first.parse().unwrap();
    let lines = lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let at = format!("{file}:{}", first + index + 1);
            let kind = step(line).unwrap_or_else(|| panic!("{at}: not understood: {line}"));
            Step { at, kind }
        })
        .collect()
}

fn step(line: &str) -> Option<Kind> {
    if let Some(action) = line.strip_prefix("> ") {
        return Some(Kind::Do(action_of(&action.split_whitespace().collect::<Vec<_>>())?));
    }
    if let Some(event) = line.strip_prefix("no ") {
        return Some(Kind::No(Pattern::read(event)));
    }
    if let Some(seconds) = line.strip_prefix("quiet ") {
        return Some(Kind::Quiet(seconds.trim().parse().ok()?));
    }
    // Two spaces or more stand before the seconds.
    let (event, rest) = line.split_once("  ").unwrap_or((line, ""));
    let (within, from) = match (rest.split_once("after "), rest.split_once("since ")) {
        (Some((within, event)), _) => (within, From::After(Pattern::read(event))),
        (None, Some((within, event))) => (within, From::Since(Pattern::read(event))),
        (None, None) => (rest, From::Last),
    };
    let within = match within.trim() {
        "" => None,
        text => {
            let (least, most) = text.split_once("..")?;
            let least = if least.is_empty() { 0.0 } else { least.parse().ok()? };
            Some(Within { least, most: most.parse().ok()? })
        }
    };
    Some(Kind::Seen { event: Pattern::read(event), within, from })
}

fn action_of(words: &[&str]) -> Option<Action> {
    let delete =
        |name: Option<&&str>, query: String| Some(Action::Delete { name: name.map(|name| (*name).to_owned()), query });
    match words {
        ["delete", name @ .., "grace", seconds] => delete(name.first(), format!("gracePeriodSeconds={seconds}")),
        ["delete", name @ ..] => delete(name.first(), String::new()),
        ["patch", subresource @ ..] => {
            Some(Action::Patch { subresource: subresource.first().copied().unwrap_or_default().to_owned() })
        }
        ["missing", name] => Some(Action::Missing { name: (*name).to_owned() }),
        ["create"] => Some(Action::Create),
        ["evict", name, "granted"] => Some(Action::Evict { name: (*name).to_owned(), granted: true }),
        ["evict", name, "refused"] => Some(Action::Evict { name: (*name).to_owned(), granted: false }),
        ["wait", seconds] => Some(Action::Wait(seconds.parse().ok()?)),
        _ => None,
    }
}
