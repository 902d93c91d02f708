//! Owners with what was found in them, in what they own, and seen of their Pods: each thing once.

use std::collections::{BTreeMap, HashMap, HashSet};

use podgate_engine::{rules::rule::MAX_MESSAGE_BYTES, syntax::text::one_line};

use crate::{
    audit::{Found, Judged, Observation, Source},
    auditor::{
        aside::Aside,
        head::{self, Key},
    },
    observe::{clock::Instant, seen::Seen},
};

/// Limits how many owners stand above each other: a Pod, its Job and a CronJob are three.
const MAX_ABOVE: usize = 8;
/// Counts what was found and is set aside.
const IGNORED: &str = "ignored by annotation, or exempt by the policy";

/// Tells what is known of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It was judged itself.
    Judged,
    /// It is known and not judged: it is being deleted.
    Left,
    /// Only its Pods are known, and were judged instead of it.
    StandIn,
}

/// Holds an owner, or an object that nobody owns. There is one of each workload of a cluster: what is nothing takes no room.
#[derive(Debug)]
pub(super) struct Owner {
    identity: Identity,
    pub(super) state: State,
    /// Names the owner that it is folded into, where that is judged.
    pub(super) above: Option<Key>,
    /// How many Pods it owns.
    pub(super) pods: usize,
    details: Option<Box<Details>>,
}

/// Names an object: one text of its lines, which takes less room than six.
#[derive(Debug)]
struct Identity(Box<str>);

impl Identity {
    /// Returns `apiVersion`, kind, namespace, name, uid and time of creation.
    fn parts(&self) -> [&str; 6] {
        let mut lines = self.0.split('\n');
        std::array::from_fn(|_| lines.next().unwrap_or_default())
    }
}

/// Holds what was found in an owner and seen of its Pods.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) found: Vec<Found>,
    seen: Vec<Counted>,
    /// The observations that its annotations ignore.
    pub(super) ignoring: Vec<&'static Observation>,
    /// Counts what was found and is set aside.
    pub(super) ignored: usize,
    pub(super) text: Option<Box<str>>,
}

/// Holds something that is seen of Pods of one owner.
#[derive(Debug)]
pub(super) struct Counted {
    /// The worst of all.
    seen: Seen,
    pods: usize,
}

impl Owner {
    /// Returns an owner of which nothing is known but its `apiVersion`, kind, namespace, name, uid and time of creation.
    pub(super) fn new(identity: [&str; 6], state: State) -> Self {
        Self { identity: Identity(identity.join("\n").into()), state, above: None, pods: 0, details: None }
    }

    /// Returns what was found in it, to be added to.
    pub(super) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    fn take_seen(&mut self) -> Vec<Counted> {
        self.details.as_mut().map(|details| std::mem::take(&mut details.seen)).unwrap_or_default()
    }

    /// Returns whether nothing was found in it, seen of it or ignored.
    pub(super) fn is_clean(&self) -> bool {
        self.details.is_none()
    }

    /// Adds what is seen of one Pod, or of the object itself.
    pub(super) fn see(&mut self, seen: Vec<Seen>) {
        for seen in seen {
            self.details().see_of(seen, 1);
        }
    }

    /// Returns what an audit says of it, at an instant; `None` where that is nothing.
    fn judged(self, now: Option<Instant>, aside: &mut Aside) -> Option<Judged> {
        let Details { mut found, seen, ignoring, mut ignored, text } = *self.details?;
        let [api_version, kind, namespace, name, uid, created] = self.identity.parts();
        for Counted { seen, pods } in seen {
            let Some(message) = seen.told.at(now) else { continue };
            if ignoring.iter().any(|ignored| ignored.id == seen.observation.id) {
                ignored += 1;
                continue;
            }
            found.push(Found {
                source: Source::Observation(seen.observation),
                level: seen.observation.level,
                path: seen.path,
                message: one_line(&message, MAX_MESSAGE_BYTES).into_owned(),
                pods: if self.pods == 0 { 0 } else { pods },
            });
        }
        if ignored > 0 {
            aside.add_many(IGNORED, ignored, &head::example(namespace, kind, name));
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by(|one, other| {
            let key = |found: &Found| (found.source.id(), found.path.clone(), found.message.clone());
            other.level.cmp(&one.level).then_with(|| key(one).cmp(&key(other)))
        });
        Some(Judged {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            created: created.to_owned(),
            pods: self.pods,
            found,
            text: text.map(Into::into),
        })
    }
}

impl Details {
    fn see_of(&mut self, seen: Seen, pods: usize) {
        let is_same = |there: &&mut Counted| {
            there.seen.observation.id == seen.observation.id && there.seen.subject == seen.subject
        };
        match self.seen.iter_mut().find(is_same) {
            Some(there) => {
                there.pods += pods;
                if there.seen.measure < seen.measure {
                    there.seen = seen;
                }
            }
            None => self.seen.push(Counted { seen, pods }),
        }
    }

    /// Adds what was found in one Pod of an owner that is not judged itself.
    pub(super) fn find(&mut self, found: Vec<Found>) {
        for found in found {
            let is_same = |there: &&mut Found| {
                (there.source.id(), there.level) == (found.source.id(), found.level)
                    && (&there.path, &there.message) == (&found.path, &found.message)
            };
            match self.found.iter_mut().find(is_same) {
                Some(there) => there.pods += 1,
                None => self.found.push(Found { pods: 1, ..found }),
            }
        }
    }
}

/// Holds what is told of all owners.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Those in which something was found, by namespace, kind and name.
    pub(super) objects: Vec<Judged>,
    /// How many were judged.
    pub(super) judged: usize,
    /// How many namespaces these are in.
    pub(super) namespaces: usize,
}

impl Told {
    /// Adds what is told of the owners of other namespaces.
    pub(super) fn add(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.judged += other.judged;
        self.namespaces += other.namespaces;
    }

    /// Puts the objects in order: by namespace, kind and name.
    pub(super) fn sort(&mut self) {
        let key = |judged: &Judged| {
            let Judged { namespace, kind, name, api_version, .. } = judged;
            [namespace, kind, name, api_version].map(String::clone)
        };
        self.objects.sort_by_cached_key(key);
    }
}

/// Holds all owners, by their keys and by those of what is folded into them.
#[derive(Debug, Default)]
pub(super) struct Owners {
    all: Vec<Owner>,
    places: HashMap<Key, usize>,
    /// Counts those that were judged and own nothing, and in which nothing was found.
    clean: usize,
    /// The namespaces of these.
    namespaces: HashSet<Box<str>>,
}

impl Owners {
    /// Returns the owner of a key, or the one that what has this key is folded into.
    pub(super) fn get(&mut self, key: &Key) -> Option<&mut Owner> {
        self.all.get_mut(*self.places.get(key)?)
    }

    /// Returns whether an owner of this key is known that stands for what it owns.
    pub(super) fn folds(&self, key: &Key) -> bool {
        self.at(key).is_some_and(|owner| owner.state != State::StandIn)
    }

    fn at(&self, key: &Key) -> Option<&Owner> {
        self.all.get(*self.places.get(key)?)
    }

    /// Counts an object that was judged, owns nothing, and in which nothing was found.
    pub(super) fn count(&mut self, namespace: &str) {
        self.clean += 1;
        note_namespace(&mut self.namespaces, namespace);
    }

    /// Folds what has a key into an owner that is known.
    pub(super) fn fold(&mut self, key: Key, into: &Key) {
        if let Some(place) = self.places.get(into) {
            self.places.insert(key, *place);
        }
    }

    /// Adds an owner. What is seen of Pods that came before it is kept; what was found in them is not.
    pub(super) fn add(&mut self, key: Key, owner: Owner) {
        if let Some(there) = self.get(&key) {
            let (pods, seen) = (there.pods, there.take_seen());
            *there = Owner { pods, ..owner };
            for Counted { seen, pods } in seen {
                there.details().see_of(seen, pods);
            }
        } else {
            self.places.insert(key, self.all.len());
            self.all.push(owner);
        }
    }

    /// Returns the owner of a key, after adding one that stands for Pods where there is none.
    pub(super) fn stand_in(&mut self, key: Key, new: impl FnOnce() -> Owner) -> Option<&mut Owner> {
        let all = &mut self.all;
        let place = *self.places.entry(key).or_insert_with(|| {
            all.push(new());
            all.len() - 1
        });
        self.all.get_mut(place)
    }

    /// Returns the place of the owner that everything of an owner is told of: the highest that is known.
    fn root(&self, place: usize) -> usize {
        let above = |place: &usize| {
            let key = self.all.get(*place)?.above.as_ref()?;
            let above = *self.places.get(key)?;
            self.all.get(above).filter(|owner| owner.state != State::StandIn)?;
            Some(above)
        };
        let way: Vec<usize> = std::iter::successors(Some(place), above).take(MAX_ABOVE).collect();
        // Two that own each other stand for themselves.
        if way.len() == MAX_ABOVE { place } else { way.last().copied().unwrap_or(place) }
    }

    /// Returns everything that is to be told.
    pub(super) fn finish(mut self, now: Option<Instant>, aside: &mut Aside) -> Told {
        let roots: BTreeMap<usize, usize> =
            (0..self.all.len()).map(|place| (place, self.root(place))).filter(|(place, root)| place != root).collect();
        for (place, root) in &roots {
            let Some(owned) = self.all.get_mut(*place) else { continue };
            let (pods, seen) = (owned.pods, owned.take_seen());
            if let Some(root) = self.all.get_mut(*root) {
                root.pods += pods;
                for Counted { seen, pods } in seen {
                    root.details().see_of(seen, pods);
                }
            }
        }
        let own = self.all.into_iter().enumerate().filter(|(place, _)| !roots.contains_key(place));
        let own: Vec<Owner> = own.map(|(_, owner)| owner).collect();
        let (mut judged, mut namespaces) = (self.clean, self.namespaces);
        for owner in own.iter().filter(|owner| owner.state != State::Left) {
            judged += 1;
            let [_, _, namespace, ..] = owner.identity.parts();
            note_namespace(&mut namespaces, namespace);
        }
        let objects = own.into_iter().filter_map(|owner| owner.judged(now, aside)).collect();
        Told { objects, judged, namespaces: namespaces.len() }
    }
}

fn note_namespace(namespaces: &mut HashSet<Box<str>>, namespace: &str) {
    if !namespace.is_empty() && !namespaces.contains(namespace) {
        namespaces.insert(namespace.into());
    }
}
