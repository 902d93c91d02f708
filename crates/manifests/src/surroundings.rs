//! The objects that each object of a run is judged beside: those of its environment.

use std::collections::{HashMap, HashSet};

use crate::{environments::Environment, load::Identity};
use podgate_engine::model::{Inventory, InventoryObject};

/// Of how many copies of an object the one is looked for that it was; of more, of the last ones.
const MAX_COPIES: usize = 64;

/// Holds what an object tells the rules about others.
#[derive(Debug)]
pub(crate) struct Other {
    /// Tells which object it is.
    pub(crate) identity: Identity,
    /// Tells whether it makes Pods.
    pub(crate) makes_pods: bool,
    /// Holds what it tells, if anything.
    pub(crate) entry: Option<InventoryObject>,
}

/// Holds what a run tells of namespaces, wherever it stands.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    entries: HashMap<String, InventoryObject>,
    /// Those with Services: whoever writes them down is taken to write all of them down.
    with_services: HashSet<String>,
}

impl Namespaces {
    /// Collects it from the objects of all files.
    pub(crate) fn of(files: &[Vec<Other>]) -> Self {
        let mut namespaces = Self::default();
        for Other { identity, entry, .. } in files.iter().flatten().filter(|known| known.identity.group().is_empty()) {
            match (identity.kind.as_str(), entry) {
                ("Namespace", Some(entry)) => drop(namespaces.entries.insert(identity.name.clone(), entry.clone())),
                ("Service", Some(_)) if !namespaces.with_services.contains(&identity.namespace) => {
                    namespaces.with_services.insert(identity.namespace.clone());
                }
                _ => {}
            }
        }
        namespaces
    }

    /// Returns everything that rules about other objects may ask for in an environment, of the objects of all files.
    pub(crate) fn inventory(&self, environment: &Environment, files: &[Vec<Other>]) -> Inventory {
        let (mut inventory, counting) = self.choose(environment, files);
        let known = |(file, index): (usize, usize)| files.get(file).and_then(|known| known.get(index));
        let entries = counting.into_iter().filter_map(|at| known(at)?.entry.clone());
        entries.for_each(|entry| inventory.insert(entry));
        inventory
    }

    /// Returns the same, of the only environment there is.
    pub(crate) fn take_inventory(&self, environment: &Environment, files: &mut [Vec<Other>]) -> Inventory {
        let (mut inventory, counting) = self.choose(environment, files);
        for (file, index) in counting {
            let known = files.get_mut(file).and_then(|known| known.get_mut(index));
            if let Some(entry) = known.and_then(|known| known.entry.take()) {
                inventory.insert(entry);
            }
        }
        inventory
    }

    /// Returns what is known of the namespaces alone, and which objects are to be added: by file, and by place in it.
    fn choose(&self, environment: &Environment, files: &[Vec<Other>]) -> (Inventory, Vec<(usize, usize)>) {
        let mut inventory = Inventory::default();
        inventory.set_judged();
        let own: HashSet<usize> = environment.own.iter().copied().collect();
        // Of two that stand for the same the last counts; what is the environment's own comes last.
        let is_own = |(file, _): &&(usize, bool)| own.contains(file);
        let order = environment.seen.iter().filter(|seen| !is_own(seen)).chain(environment.seen.iter().filter(is_own));
        let of_file = |(file, sure): &(usize, bool)| {
            let (file, sure) = (*file, *sure);
            let known = files.get(file).into_iter().flatten().enumerate();
            known.map(move |(index, known)| ((file, index), sure, known))
        };
        let all: Vec<((usize, usize), bool, &Other)> = order.flat_map(of_file).collect();
        let last: HashMap<&Identity, (usize, usize)> =
            all.iter().map(|(at, _, known)| (&known.identity, *at)).collect();
        let mut namespaces = HashSet::new();
        for namespace in all.iter().map(|(.., known)| known.identity.namespace.as_str()) {
            if !namespaces.insert(namespace) {
                continue;
            }
            if let Some(entry) = self.entries.get(namespace) {
                inventory.insert(entry.clone());
            }
            if self.with_services.contains(namespace) {
                inventory.set_knows_services(namespace);
            }
        }
        let mut counting = Vec::with_capacity(all.len());
        for (at, sure, known) in all {
            // How many there are of it is not known.
            if known.makes_pods && !sure {
                inventory.set_knows_workloads(false);
            } else if known.identity.name.is_empty() || last.get(&known.identity) == Some(&at) {
                counting.push(at);
            }
        }
        (inventory, counting)
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
        let likeness =
            |name: &str| name.rsplit('/').zip(file.rsplit('/')).take_while(|(one, other)| one == other).count();
        let all = self.0.get(identity)?;
        all.iter().rev().take(MAX_COPIES).rev().max_by_key(|(name, _)| likeness(name)).map(|(_, text)| *text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_is_found_in_the_same_environment() {
        let web = Identity { name: "web".to_owned(), ..Identity::default() };
        let old =
            Old::of([(&web, "old/envs/dev/web.yaml", "dev"), (&web, "old/envs/prod/web.yaml", "prod")].into_iter());
        assert_eq!(old.find(&web, "envs/dev/web.yaml"), Some("dev"));
        assert_eq!(old.find(&web, "envs/prod/web.yaml"), Some("prod"));
        assert_eq!(old.find(&web, "elsewhere.yaml"), Some("prod"));
        assert_eq!(old.find(&Identity::default(), "a"), None);
    }
}
