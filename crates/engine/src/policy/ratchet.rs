//! The ratchet: of an UPDATE only what the old object did not already have counts.
//!
//! An old finding excuses one new finding of the same rule at the same field, where containers are told by their names, if
//! that one is of its own level or below and its measure is no greater: who had a hook that was a second too long may keep
//! it, and may not make it a minute.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::Arc,
};

use super::settings::Active;
use crate::{
    model::{Container, Object, Operation, Review, Template},
    rules::{Finding, Level, Report, budget::Budget, rule::Findings},
    syntax::{Path, path::Segment},
};

/// Holds what the old object had, and so may keep.
pub(super) struct Excuses<'r> {
    /// Those that have not excused a new one yet, by rule and field.
    left: Ranks<u64>,
    /// The same by rule and field and by what they say; some may be used up.
    by_message: Ranks<(u64, u64)>,
    /// Of the new object.
    fields: Fields<'r>,
}

/// Counts findings by where they are and how bad they are. In one map, because most objects have a handful in all.
type Ranks<K> = BTreeMap<(K, Level, i64), usize>;

impl<'r> Excuses<'r> {
    /// Returns what `old` had against the rules that found something. What it excuses at once is taken out of `found`, and counted: new
    /// findings that are the old ones without any difference, in the same order. Nearly all are, and need not be looked up.
    pub(super) fn of(
        found: &mut [(&Active, Findings)],
        review: &'r Review<'_>,
        old: &Arc<Object<'_>>,
        budget: &Budget<'_>,
    ) -> (Self, usize) {
        let before = Review {
            operation: Operation::Create,
            concern: review.concern,
            workload: review.workload,
            sub_resource: review.sub_resource.clone(),
            namespace: review.namespace.clone(),
            user: review.user.clone(),
            from_file: review.from_file,
            opens_gates: review.opens_gates,
            new: in_order_of(&review.new, old),
            old: None,
            inventory: review.inventory,
        };
        let hasher = RandomState::new();
        let old_fields = Fields::of(&before.new, hasher.clone());
        let (left, by_message) = Default::default();
        let mut excuses = Self { left, by_message, fields: Fields::of(&review.new, hasher) };
        let is_alike = have_same_containers(&before.new, &review.new);
        let mut all_same = 0;
        for (active, Findings { kept, more }) in found {
            let mut same = 0;
            let mut take = |finding: Finding| {
                if is_alike && more.is_empty() && kept.get(same) == Some(&finding) {
                    same += 1;
                } else {
                    excuses.add(&finding, old_fields.hashes(&finding));
                }
            };
            (active.check)(&before, &mut Report::each(active.rule, active.levels, budget, &mut take));
            kept.drain(..same);
            all_same += same;
        }
        (excuses, all_same)
    }

    fn add(&mut self, finding: &Finding, (field, message): (u64, u64)) {
        *self.left.entry((field, finding.level, finding.measure)).or_default() += 1;
        *self.by_message.entry(((field, message), finding.level, finding.measure)).or_default() += 1;
    }

    /// Returns whether the old object had a finding that reads the same and excuses this one, which is then used up.
    pub(super) fn take_same(&mut self, finding: &Finding) -> bool {
        if self.left.is_empty() {
            return false;
        }
        let (field, message) = self.fields.hashes(finding);
        while let Some((level, measure)) = least_of(&self.by_message, (field, message), finding) {
            use_up(&mut self.by_message, &((field, message), level, measure));
            if use_up(&mut self.left, &(field, level, measure)) {
                return true;
            }
        }
        false
    }

    /// Returns whether the old object had any finding left that excuses this one: where places have moved, it does not matter which
    /// was which.
    pub(super) fn take_any(&mut self, finding: &Finding) -> bool {
        if self.left.is_empty() {
            return false;
        }
        let (field, _) = self.fields.hashes(finding);
        let Some((level, measure)) = least_of(&self.left, field, finding) else { return false };
        use_up(&mut self.left, &(field, level, measure))
    }
}

/// Returns the least bad at `at` that is at least as bad as `finding`.
fn least_of<K: Copy + Ord>(ranks: &Ranks<K>, at: K, finding: &Finding) -> Option<(Level, i64)> {
    let levels = [Level::Audit, Level::Warn, Level::Deny].into_iter().filter(|level| *level >= finding.level);
    let mut least = levels.map(|level| ranks.range((at, level, finding.measure)..=(at, level, i64::MAX)).next());
    least.find_map(|found| found.map(|((_, level, measure), _)| (*level, *measure)))
}

/// Takes one away; `false` where none is left.
fn use_up<K: Ord>(ranks: &mut Ranks<K>, rank: &(K, Level, i64)) -> bool {
    let Some(count) = ranks.get_mut(rank) else { return false };
    *count -= 1;
    if *count == 0 {
        ranks.remove(rank);
    }
    true
}

/// The old object, those of its `containers` that are still there in their new order. The order says nothing, but of two that
/// cannot be together a rule names the later one: that has to be the same one of both objects.
fn in_order_of<'a>(new: &Object<'a>, old: &Arc<Object<'a>>) -> Arc<Object<'a>> {
    // So it is with nearly all.
    if have_same_containers(new, old) {
        return Arc::clone(old);
    }
    let mut old = Object::clone(old);
    let new: HashMap<&Path, &Template<'_>> = new.templates.iter().map(|template| (&template.path, template)).collect();
    for template in &mut old.templates {
        let Some(new) = new.get(&template.path) else { continue };
        let names = new.spec.containers.iter().map(|container| &*container.name);
        let order: HashMap<&str, usize> = names.zip(0..).collect();
        let place = |container: &Container<'_>| order.get(&*container.name).copied();
        let is_kept = |container: &&mut Container<'_>| place(container).is_some();
        let mut kept = template.spec.containers.to_vec();
        kept.retain(|container| place(container).is_some());
        kept.sort_by_cached_key(place);
        let places = template.spec.containers.iter_mut().filter(is_kept);
        for (container, moved) in places.zip(kept) {
            *container = moved;
        }
    }
    Arc::new(old)
}

/// The names of a template's containers, list by list.
fn names<'t>(template: &'t Template<'_>) -> [(&'static str, impl Iterator<Item = &'t str>); 3] {
    let spec = &template.spec;
    let lists = [
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
        ("ephemeralContainers", &spec.ephemeral_containers),
    ];
    lists.map(|(field, list)| (field, list.iter().map(|container| &*container.name)))
}

/// Returns whether both have the same containers at the same places, so that a path means the same in both.
fn have_same_containers(one: &Object<'_>, other: &Object<'_>) -> bool {
    let is_same = |(one, other): (&Template<'_>, &Template<'_>)| {
        let mut lists = names(one).into_iter().zip(names(other));
        one.path == other.path && lists.all(|((_, one), (_, other))| one.eq(other))
    };
    one.templates.len() == other.templates.len() && one.templates.iter().zip(&other.templates).all(is_same)
}

/// Tells the fields of an object apart, so that each is known again in another version of it.
struct Fields<'o> {
    object: &'o Object<'o>,
    /// There may be hundreds of thousands of findings: hashes stand for their fields and messages, and nobody outside knows the key.
    hasher: RandomState,
    /// The names of the containers as hashes, with the list that they stand in, by its place. Names may be long. Made when the first
    /// field is asked for.
    names: OnceCell<Vec<(Path, Vec<u64>)>>,
}

impl<'o> Fields<'o> {
    fn of(object: &'o Object<'_>, hasher: RandomState) -> Self {
        Self { object, hasher, names: OnceCell::new() }
    }

    /// Returns the names of the list that stands at `place`, if it is one of containers.
    fn names_at(&self, place: &[Segment]) -> Option<&[u64]> {
        let names = self.names.get_or_init(|| {
            let of_list = |template: &Template<'_>| {
                names(template).map(|(field, list)| {
                    (template.spec_path(field), list.map(|name| self.hasher.hash_one(name)).collect())
                })
            };
            let mut names: Vec<_> = self.object.templates.iter().flat_map(of_list).collect();
            names.sort_unstable();
            names
        });
        let found = names.binary_search_by(|(path, _)| path.segments().cmp(place));
        found.ok().and_then(|index| names.get(index)).map(|(_, names)| &**names)
    }

    /// Returns a hash of the rule and the field, with containers by name instead of index and other items without index, so that
    /// it means the same field in another version of the object; and a hash of the message.
    fn hashes(&self, finding: &Finding) -> (u64, u64) {
        let mut state = self.hasher.build_hasher();
        finding.rule.id.hash(&mut state);
        let segments = finding.at.segments();
        for (place, segment) in segments.iter().enumerate() {
            match segment {
                Segment::Key(key) => key.hash(&mut state),
                Segment::Index(index) => {
                    let list = segments.get(..place).and_then(|above| self.names_at(above));
                    list.and_then(|list| list.get(*index)).hash(&mut state);
                }
            }
        }
        (state.finish(), self.hasher.hash_one(&finding.message))
    }
}
