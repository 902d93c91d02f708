//! Which files of a run are deployed together: those of one kustomization, else those of the largest folder that holds no object
//! twice. `envs/dev` and `envs/prod`, which hold the same objects, are two environments.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    load::Identity,
    tree::{
        Tree,
        place::{common, folder_of, upwards},
    },
};

/// How many files all environments together may see for each file of the run. Beyond that, as where a thousand overlays take
/// the same thousand files, each sees its own alone.
const MAX_SEEN_PER_FILE: usize = 32;

/// Files that are deployed together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// The files whose objects are judged in it. Each file is in one environment.
    pub(crate) own: Vec<usize>,
    /// The files whose objects are known in it, its own among them, in the order of the run; each with whether the replicas of
    /// its workloads are what it says.
    pub(crate) seen: Vec<(usize, bool)>,
}

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Home<'p> {
    /// To a folder and all below it.
    Below(&'p str),
    /// To a folder alone: what is below it stands for itself.
    In(&'p str),
    /// To a kustomization.
    Kustomization(usize),
}

/// Groups the files of a run, each given by its path and the objects in it.
pub(crate) fn group(tree: &Tree, files: &[(String, Vec<Identity>)]) -> Vec<Environment> {
    let kustomization = |(path, _): &(String, _)| tree.kustomization_of(path);
    let kustomized: Vec<Option<usize>> = files.iter().map(kustomization).collect();
    let loose = files.iter().zip(&kustomized).filter(|(_, kustomization)| kustomization.is_none());
    let apart = apart(loose.map(|((path, identities), _)| (folder_of(path), identities.as_slice())));
    let mut homes: BTreeMap<Home<'_>, Vec<usize>> = BTreeMap::new();
    for (index, ((path, _), kustomization)) in files.iter().zip(&kustomized).enumerate() {
        let home = kustomization.map_or_else(|| home_of(folder_of(path), &apart), Home::Kustomization);
        homes.entry(home).or_default().push(index);
    }
    let by_path: HashMap<&str, usize> = files.iter().enumerate().map(|(index, (path, _))| (path.as_str(), index)).collect();
    let mut left = files.len().saturating_mul(MAX_SEEN_PER_FILE);
    let environments = homes.iter().map(|(home, own)| {
        let mut seen: BTreeMap<usize, bool> = own.iter().map(|index| (*index, true)).collect();
        if left > own.len() {
            match home {
                Home::Kustomization(root) => tree.resources(*root, |path, sets_replicas| {
                    if let Some(index) = by_path.get(path) {
                        let own_replicas = seen.entry(*index).or_insert(true);
                        *own_replicas &= !sets_replicas;
                    }
                }),
                // What stands above several environments is deployed with each.
                Home::Below(folder) | Home::In(folder) => {
                    let above = upwards(folder).filter_map(|folder| homes.get(&Home::In(folder)));
                    seen.extend(above.flatten().map(|index| (*index, true)));
                }
            }
        }
        left = left.saturating_sub(seen.len());
        Environment { own: own.clone(), seen: seen.into_iter().collect() }
    });
    environments.collect()
}

/// Returns the highest folder above that holds no object twice.
fn home_of<'p>(folder: &'p str, apart: &HashSet<&str>) -> Home<'p> {
    let whole = upwards(folder).take_while(|folder| !apart.contains(folder));
    whole.last().map_or(Home::In(folder), Home::Below)
}

/// Returns the folders that hold an object twice, with all below them.
fn apart<'p>(files: impl Iterator<Item = (&'p str, &'p [Identity])>) -> HashSet<&'p str> {
    let mut places: HashMap<&Identity, Vec<&str>> = HashMap::new();
    for (folder, identities) in files {
        for identity in identities.iter().filter(|identity| !identity.name.is_empty()) {
            places.entry(identity).or_default().push(folder);
        }
    }
    let mut apart = HashSet::new();
    for mut folders in places.into_values().filter(|folders| folders.len() > 1) {
        // In this order those that have most in common are neighbours.
        folders.sort_unstable();
        for (one, other) in folders.iter().zip(folders.iter().skip(1)) {
            // Whatever is above one that is in already is in, too.
            let new = upwards(common(one, other)).take_while(|folder| !apart.contains(folder));
            let new: Vec<&str> = new.collect();
            apart.extend(new);
        }
    }
    apart
}

/// Returns how many objects stand in several environments.
pub(crate) fn shared(environments: &[Environment], files: &[(String, Vec<Identity>)]) -> usize {
    let mut first: HashMap<&Identity, usize> = HashMap::new();
    let mut shared = HashSet::new();
    for (number, environment) in environments.iter().enumerate() {
        let own = environment.own.iter().filter_map(|index| files.get(*index));
        for identity in own.flat_map(|(_, identities)| identities).filter(|identity| !identity.name.is_empty()) {
            if *first.entry(identity).or_insert(number) != number {
                shared.insert(identity);
            }
        }
    }
    shared.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn identity(name: &str) -> Identity {
        Identity { kind: "Deployment".to_owned(), name: name.to_owned(), ..Identity::default() }
    }

    /// What each environment judges, and what it sees, in names of files.
    fn grouped(kustomizations: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
        let texts = kustomizations.iter().map(|(name, text)| Text { name: (*name).to_owned(), text: (*text).to_owned() });
        let tree = Tree::of("", &texts.collect::<Vec<_>>(), &[]);
        let files: Vec<(String, Vec<Identity>)> =
            files.iter().map(|(path, name)| ((*path).to_owned(), vec![identity(name)])).collect();
        let name = |index: usize| files[index].0.trim_end_matches(".yaml");
        let said = |environment: Environment| {
            let own: Vec<&str> = environment.own.into_iter().map(name).collect();
            let seen = environment.seen.into_iter().map(|(index, sure)| format!("{}{}", name(index), if sure { "" } else { "?" }));
            format!("{} of {}", own.join(" "), seen.collect::<Vec<_>>().join(" "))
        };
        group(&tree, &files).into_iter().map(said).collect()
    }

    #[test]
    fn folders_that_hold_the_same_are_apart() {
        assert_eq!(grouped(&[], &[("a/web.yaml", "web"), ("b/api.yaml", "api"), ("c.yaml", "c")]), ["a/web b/api c of a/web b/api c"]);
        let files = [("dev/web.yaml", "web"), ("dev/x/db.yaml", "db"), ("prod/web.yaml", "web"), ("other/a.yaml", "a"), ("all.yaml", "all")];
        assert_eq!(
            grouped(&[], &files),
            [
                "dev/web dev/x/db of dev/web dev/x/db all",
                "other/a of other/a all",
                "prod/web of prod/web all",
                "all of all"
            ]
        );
        // Twice in one folder is one environment still.
        assert_eq!(grouped(&[], &[("a.yaml", "web"), ("b.yaml", "web")]), ["a b of a b"]);
    }

    #[test]
    fn a_kustomization_is_an_environment() {
        let kustomizations = [
            ("base/kustomization.yaml", "resources: [web.yaml]"),
            ("dev/kustomization.yaml", "resources: [../base]"),
            ("prod/kustomization.yaml", "resources: [../base, pdb.yaml]\nreplicas: [{name: web, count: 3}]"),
        ];
        let files = [("base/web.yaml", "web"), ("prod/pdb.yaml", "pdb"), ("x.yaml", "x")];
        assert_eq!(grouped(&kustomizations, &files), ["x of x", "base/web of base/web", "prod/pdb of base/web? prod/pdb"]);
    }

    #[test]
    fn what_is_seen_is_bounded() {
        let many: Vec<String> = (0..200).map(|number| format!("base/{number}.yaml")).collect();
        let base = format!("resources: [{}]", many.join(", ").replace("base/", ""));
        let overlays: Vec<(String, String)> = (0..200).map(|number| (format!("o{number}/kustomization.yaml"), "resources: [../base, own.yaml]".to_owned())).collect();
        let mut kustomizations = vec![("base/kustomization.yaml", base.as_str())];
        kustomizations.extend(overlays.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let own: Vec<String> = (0..200).map(|number| format!("o{number}/own.yaml")).collect();
        let files: Vec<(&str, &str)> = many.iter().chain(&own).map(|path| (path.as_str(), path.as_str())).collect();
        let said = grouped(&kustomizations, &files);
        let seen: usize = said.iter().map(|line| line.split(" of ").nth(1).unwrap().split(' ').count()).sum();
        assert!(said.len() == 201 && seen < files.len() * (MAX_SEEN_PER_FILE + 1), "{seen}");
    }
}
