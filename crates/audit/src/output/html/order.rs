//! What a page shows, and in which order: the worst first.

use std::{cmp::Reverse, collections::BTreeMap};

use podgate_engine::rules::Level;

use crate::{Audit, Found, Judged};

/// Counts of objects and findings, in the order in which they matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counts {
    pub(super) refused: usize,
    pub(super) deny: usize,
    pub(super) warn: usize,
    pub(super) audit: usize,
}

impl Counts {
    fn of(object: &Judged) -> Self {
        let at = |level| object.found.iter().filter(|found| found.level == level).count();
        Self {
            refused: usize::from(object.is_refused()),
            deny: at(Level::Deny),
            warn: at(Level::Warn),
            audit: at(Level::Audit),
        }
    }

    fn add(&mut self, other: Self) {
        self.refused += other.refused;
        self.deny += other.deny;
        self.warn += other.warn;
        self.audit += other.audit;
    }

    pub(super) fn findings(&self) -> usize {
        self.deny + self.warn + self.audit
    }
}

/// An object, with those of its findings that are shown.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The object.
    pub(super) object: &'a Judged,
    /// Its findings of level deny and warn.
    pub(super) loud: Vec<&'a Found>,
    /// Its findings of level audit.
    pub(super) quiet: Vec<&'a Found>,
    /// The id of its place in the page; `None` where nothing of it is shown.
    pub(super) anchor: Option<String>,
}

/// A namespace, or with an empty name what belongs to none.
#[derive(Debug)]
pub(super) struct Namespace<'a> {
    pub(super) name: &'a str,
    pub(super) anchor: String,
    pub(super) counts: Counts,
    pub(super) entries: Vec<Entry<'a>>,
}

impl Namespace<'_> {
    /// Returns what it is called in headings and tables.
    pub(super) fn title(&self) -> &str {
        if self.name.is_empty() { "without a namespace" } else { self.name }
    }
}

/// What a page shows.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// The namespaces, worst first.
    pub(super) namespaces: Vec<Namespace<'a>>,
    /// How many findings are shown.
    pub(super) findings: usize,
    /// How many findings there are.
    pub(super) all: usize,
}

impl<'a> Shown<'a> {
    /// Chooses what is shown: `most` findings, those of the worst level first, whatever namespace they are in.
    pub(super) fn of(audit: &'a Audit, most: usize) -> Self {
        let mut by_name: BTreeMap<&str, Vec<(Counts, &Judged)>> = BTreeMap::new();
        for object in audit.objects.iter().filter(|object| !object.found.is_empty()) {
            by_name.entry(&object.namespace).or_default().push((Counts::of(object), object));
        }
        let mut all = Counts::default();
        let mut sorted = Vec::new();
        for (name, mut objects) in by_name {
            let mut counts = Counts::default();
            for (object, _) in &objects {
                counts.add(*object);
            }
            objects.sort_by_key(|(counts, object)| (Reverse(*counts), &object.kind, &object.name, &object.api_version));
            all.add(counts);
            sorted.push((counts, name, objects));
        }
        sorted.sort_by_key(|(counts, name, _)| (Reverse(*counts), *name));

        let mut room = Room::of(all, most);
        let mut number = 0;
        let namespaces = (1..).zip(sorted).map(|(index, (counts, name, objects))| {
            let entries = objects.into_iter().map(|(_, object)| {
                let (quiet, loud) = object
                    .found
                    .iter()
                    .filter(|found| room.take(found.level))
                    .partition(|found| found.level == Level::Audit);
                let (quiet, loud): (Vec<&Found>, Vec<&Found>) = (quiet, loud);
                let anchor = (!quiet.is_empty() || !loud.is_empty()).then(|| {
                    number += 1;
                    format!("o{number}")
                });
                Entry { object, loud, quiet, anchor }
            });
            Namespace { name, anchor: format!("n{index}"), counts, entries: entries.collect() }
        });
        let namespaces = namespaces.collect();
        Self { namespaces, findings: all.findings().min(most), all: all.findings() }
    }
}

/// How many findings of each level may still be shown.
struct Room {
    deny: usize,
    warn: usize,
    audit: usize,
}

impl Room {
    fn of(all: Counts, most: usize) -> Self {
        let deny = all.deny.min(most);
        let warn = all.warn.min(most - deny);
        Self { deny, warn, audit: all.audit.min(most - deny - warn) }
    }

    fn take(&mut self, level: Level) -> bool {
        let left = match level {
            Level::Deny => &mut self.deny,
            Level::Warn => &mut self.warn,
            Level::Audit | Level::Off => &mut self.audit,
        };
        let is_room = *left > 0;
        *left = left.saturating_sub(1);
        is_room
    }
}
