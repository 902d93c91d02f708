//! The objects that each object of a run is judged beside: those of its environment.

use std::collections::{HashMap, HashSet};

use crate::{environments::Environment, load::Identity};
use podgate_engine::model::{Inventory, entry::Entry};

/// What an object tells the rules about others.
#[derive(Debug)]
pub(crate) struct Known {
    /// Which object it is.
    pub(crate) identity: Identity,
    /// Whether it makes Pods.
    pub(crate) makes_pods: bool,
    /// What it tells, if anything.
    pub(crate) entry: Option<Entry>,
}

/// What is known in one environment.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// Everything that rules about other objects may ask for.
    pub(crate) inventory: Inventory,
    /// The objects that stand in several files of the environment or several times in one, with the place in the run of the
    /// last file that has it, which is the one that counts.
    pub(crate) twice: HashMap<Identity, usize>,
}

/// The Namespaces of a run, wherever they stand.
pub(crate) struct Namespaces(HashMap<String, Entry>);

impl Namespaces {
    /// Collects them from the objects of all files.
    pub(crate) fn of(files: &[Vec<Known>]) -> Self {
        let all = files.iter().flatten().filter(|known| known.identity.kind == "Namespace" && known.identity.group().is_empty());
        Self(all.filter_map(|known| Some((known.identity.name.clone(), known.entry.clone()?))).collect())
    }

    /// Returns what is known in an environment, of the objects of all files, and takes out those that nobody else needs.
    pub(crate) fn surroundings(&self, environment: &Environment, files: &[Vec<Known>]) -> Surroundings {
        let mut inventory = Inventory::default();
        inventory.set_judged();
        let own: HashSet<usize> = environment.own.iter().copied().collect();
        // Of two that stand for the same the last counts; what is the environment's own comes last.
        let is_own = |(file, _): &&(usize, bool)| own.contains(file);
        let order = environment.seen.iter().filter(|seen| !is_own(seen)).chain(environment.seen.iter().filter(is_own));
        let all: Vec<(usize, bool, &Known)> = order
            .flat_map(|(file, sure)| files.get(*file).into_iter().flatten().map(move |known| (*file, *sure, known)))
            .collect();
        let mut last: HashMap<&Identity, usize> = HashMap::new();
        let mut twice = HashMap::new();
        for (index, (file, _, known)) in all.iter().enumerate() {
            let before = last.insert(&known.identity, index).and_then(|before| all.get(before));
            let is_named = !known.identity.name.is_empty();
            if before.is_some_and(|(before, ..)| is_named && own.contains(before) && own.contains(file)) {
                twice.insert(known.identity.clone(), *file);
            }
        }
        let mut namespaces = HashSet::new();
        for (_, _, known) in &all {
            if let Some(namespace) = self.0.get(&known.identity.namespace).filter(|_| namespaces.insert(&known.identity.namespace)) {
                inventory.insert(namespace.clone());
            }
        }
        for (index, (_, sure, known)) in all.iter().enumerate() {
            let counts = known.identity.name.is_empty() || last.get(&known.identity) == Some(&index);
            // How many there are of it is not known.
            if known.makes_pods && !sure {
                inventory.set_knows_workloads(false);
            } else if let Some(entry) = known.entry.as_ref().filter(|_| counts) {
                inventory.insert(entry.clone());
            }
        }
        Surroundings { inventory, twice }
    }
}

/// The objects as they were.
pub(crate) struct Old<'l>(HashMap<&'l Identity, Vec<(&'l str, &'l str)>>);

impl<'l> Old<'l> {
    /// Takes objects, each with its file and its text.
    pub(crate) fn of(objects: impl Iterator<Item = (&'l Identity, &'l str, &'l str)>) -> Self {
        let mut old: HashMap<&Identity, Vec<(&str, &str)>> = HashMap::new();
        for (identity, file, text) in objects.filter(|(identity, ..)| !identity.name.is_empty()) {
            old.entry(identity).or_default().push((file, text));
        }
        Self(old)
    }

    /// Returns the object as it was: of several, as environments have them, the one whose file is called most alike, from its
    /// end on; and of those the last.
    pub(crate) fn find(&self, identity: &Identity, file: &str) -> Option<&'l str> {
        let likeness = |name: &str| name.rsplit('/').zip(file.rsplit('/')).take_while(|(one, other)| one == other).count();
        let all = self.0.get(identity)?;
        all.iter().max_by_key(|(name, _)| likeness(name)).map(|(_, text)| *text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_is_found_in_the_same_environment() {
        let web = Identity { name: "web".to_owned(), ..Identity::default() };
        let old = Old::of([(&web, "old/envs/dev/web.yaml", "dev"), (&web, "old/envs/prod/web.yaml", "prod")].into_iter());
        assert_eq!(old.find(&web, "envs/dev/web.yaml"), Some("dev"));
        assert_eq!(old.find(&web, "envs/prod/web.yaml"), Some("prod"));
        assert_eq!(old.find(&web, "elsewhere.yaml"), Some("prod"));
        assert_eq!(old.find(&Identity::default(), "a"), None);
    }
}
