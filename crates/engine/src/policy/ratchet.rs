//! The ratchet: of an UPDATE only what the old object did not already have counts.
//!
//! An old finding excuses one new finding of the same rule at the same field, where containers are told by their names, if
//! that one is of its own level or below and its measure is no greater: who had a hook that was a second too long may keep
//! it, and may not make it a minute.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash, Hasher, RandomState},
};

use super::settings::Active;
use crate::{
    model::{Container, Object, Operation, Review, Template},
    rules::{Finding, Level, Report, budget::Budget},
    syntax::{Path, path::Segment},
};

/// Holds what the old object had, and so may keep.
pub(super) struct Excuses {
    /// By rule and field, as a hash: there may be hundreds of thousands, and nobody outside knows the hash's key.
    by_field: HashMap<u64, Excuse>,
    hasher: RandomState,
    /// Of the new object.
    names: Names,
}

/// Tells how bad findings are, and how many are so bad.
type Ranks = BTreeMap<(Level, i64), usize>;

/// Holds what the old object had at one field against one rule.
#[derive(Default)]
struct Excuse {
    /// Those that have not excused a new one yet.
    left: Ranks,
    /// The same by the hash of what they say; some may be used up.
    by_message: HashMap<u64, Ranks>,
}

impl Excuses {
    /// Returns what `old` had against `rules`.
    pub(super) fn of<'r>(
        rules: impl Iterator<Item = &'r Active>,
        review: &Review<'_>,
        old: &Object<'_>,
        budget: &Budget<'_>,
    ) -> Self {
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
        let old_names = Names::of(&before.new, &hasher);
        let mut by_field: HashMap<u64, Excuse> = HashMap::new();
        let mut take = |finding: Finding| {
            let excuse = by_field.entry(old_names.field(&finding, &hasher)).or_default();
            let rank = (finding.level, finding.measure);
            *excuse.left.entry(rank).or_default() += 1;
            *excuse.by_message.entry(hasher.hash_one(&finding.message)).or_default().entry(rank).or_default() += 1;
        };
        for active in rules {
            (active.check)(&before, &mut Report::each(active.rule, active.levels, budget, &mut take));
        }
        Self { by_field, names: Names::of(&review.new, &hasher), hasher }
    }

    /// Returns whether the old object had a finding that reads the same and excuses this one, which is then used up.
    pub(super) fn take_same(&mut self, finding: &Finding) -> bool {
        let field = self.names.field(finding, &self.hasher);
        let Some(Excuse { left, by_message }) = self.by_field.get_mut(&field) else { return false };
        let Some(same) = by_message.get_mut(&self.hasher.hash_one(&finding.message)) else { return false };
        while let Some(rank) = least_of(same, finding) {
            use_up(same, rank);
            if left.contains_key(&rank) {
                use_up(left, rank);
                return true;
            }
        }
        false
    }

    /// Returns whether the old object had any finding left that excuses this one: where places have moved, it does not matter which
    /// was which.
    pub(super) fn take_any(&mut self, finding: &Finding) -> bool {
        let field = self.names.field(finding, &self.hasher);
        let Some(Excuse { left, .. }) = self.by_field.get_mut(&field) else { return false };
        let Some(rank) = least_of(left, finding) else { return false };
        use_up(left, rank);
        true
    }
}

/// The least bad that is at least as bad as `finding`.
fn least_of(ranks: &Ranks, finding: &Finding) -> Option<(Level, i64)> {
    let levels = [Level::Audit, Level::Warn, Level::Deny].into_iter().filter(|level| *level >= finding.level);
    let mut least = levels.map(|level| ranks.range((level, finding.measure)..=(level, i64::MAX)).next());
    least.find_map(|found| found.map(|(rank, _)| *rank))
}

fn use_up(ranks: &mut Ranks, rank: (Level, i64)) {
    if let Some(count) = ranks.get_mut(&rank) {
        *count -= 1;
        if *count == 0 {
            ranks.remove(&rank);
        }
    }
}

/// The old object, those of its `containers` that are still there in their new order. The order says nothing, but of two that
/// cannot be together a rule names the later one: that has to be the same one of both objects.
fn in_order_of<'a>(new: &Object<'a>, old: &Object<'a>) -> Object<'a> {
    let mut old = old.clone();
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
    old
}

/// The names of an object's containers as hashes, by the list that they stand in. Names may be long, and findings many.
struct Names(HashMap<Path, Vec<u64>>);

impl Names {
    fn of(object: &Object<'_>, hasher: &RandomState) -> Self {
        let lists = object.templates.iter().flat_map(|template| {
            let spec = &template.spec;
            [
                (template.spec_path("initContainers"), &spec.init_containers),
                (template.spec_path("containers"), &spec.containers),
                (template.spec_path("ephemeralContainers"), &spec.ephemeral_containers),
            ]
        });
        let of_names =
            |list: &[Container<'_>]| list.iter().map(|container| hasher.hash_one(&*container.name)).collect();
        Self(lists.map(|(path, list)| (path, of_names(list))).collect())
    }

    /// A hash of the rule and the field, with containers by name instead of index and other items without index, so that it
    /// means the same field in another version of the object.
    fn field(&self, finding: &Finding, hasher: &RandomState) -> u64 {
        let mut state = hasher.build_hasher();
        finding.rule.id.hash(&mut state);
        let segments = finding.at.segments();
        for (place, segment) in segments.iter().enumerate() {
            match segment {
                Segment::Key(key) => key.hash(&mut state),
                Segment::Index(index) => {
                    let list = segments.get(..place).and_then(|above| self.0.get(above));
                    list.and_then(|list| list.get(*index)).hash(&mut state);
                }
            }
        }
        state.finish()
    }
}
