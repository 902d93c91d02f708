//! Which files of a run are deployed together: those of one kustomization, else those of the largest folder that holds no object
//! twice. `envs/dev` and `envs/prod`, which hold the same objects, are two environments; so are two files of one folder that do.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    load::Identity,
    tree::{
        Tree,
        place::{common, folder_of, upwards},
    },
};

/// Tells how many files all environments together may see: so many, and so many for each file of the run. Beyond that, as where a
/// thousand overlays take the same thousand files, each sees its own alone.
const MAX_SEEN: usize = 50_000;
const MAX_SEEN_PER_FILE: usize = 16;

/// Tells how many examples are kept of objects that stand more than once.
const MAX_EXAMPLES: usize = 3;

/// Files that are deployed together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// The files whose objects are judged in it. Each file is in one environment.
    pub(crate) own: Vec<usize>,
    /// The files whose objects are known in it, its own among them, in the order of the run; each with whether the replicas of
    /// its workloads are what it says.
    pub(crate) seen: Vec<(usize, bool)>,
}

/// Tells where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Home<'p> {
    /// To a folder and all below it.
    Below(&'p str),
    /// To a folder alone: what is below it stands for itself.
    In(&'p str),
    /// To nothing but itself, though it stands in this folder.
    Alone(&'p str, usize),
    /// To a kustomization.
    Kustomization(usize),
    /// To nothing: it is all there is.
    Rendered(usize),
}

/// Groups the files of a run, each given by its path and the objects in it; `rendered` are those that are all there is of
/// something.
pub(crate) fn group(tree: &Tree, files: &[(String, Vec<&Identity>)], rendered: &HashSet<usize>) -> Vec<Environment> {
    let kustomization = |(path, _): &(String, _)| tree.kustomization_of(path);
    let kustomized: Vec<Option<usize>> = files.iter().map(kustomization).collect();
    let loose = (0..)
        .zip(files)
        .zip(&kustomized)
        .filter(|((index, _), kustomization)| kustomization.is_none() && !rendered.contains(index));
    let (apart, alone) =
        apart(loose.map(|((index, (path, identities)), _)| (folder_of(path), index, identities.as_slice())));
    let mut homes: BTreeMap<Home<'_>, Vec<usize>> = BTreeMap::new();
    for (index, ((path, _), kustomization)) in files.iter().zip(&kustomized).enumerate() {
        let folder = folder_of(path);
        let home = match kustomization {
            _ if rendered.contains(&index) => Home::Rendered(index),
            Some(kustomization) => Home::Kustomization(*kustomization),
            None if alone.contains(&index) => Home::Alone(folder, index),
            None => home_of(folder, &apart),
        };
        homes.entry(home).or_default().push(index);
    }
    let by_path: HashMap<&str, usize> =
        files.iter().enumerate().map(|(index, (path, _))| (path.as_str(), index)).collect();
    let mut left = files.len().saturating_mul(MAX_SEEN_PER_FILE).saturating_add(MAX_SEEN);
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
                Home::Rendered(_) => {}
                // What stands above several environments is deployed with each.
                Home::Below(folder) | Home::In(folder) | Home::Alone(folder, _) => {
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

/// Returns the folders that hold an object twice, with all above them; and the files that hold one which another file of their
/// folder holds, too.
fn apart<'p>(files: impl Iterator<Item = (&'p str, usize, &'p [&'p Identity])>) -> (HashSet<&'p str>, HashSet<usize>) {
    let mut places: HashMap<&Identity, Vec<(&str, usize)>> = HashMap::new();
    for (folder, file, identities) in files {
        for identity in identities.iter().filter(|identity| is_certain(identity)) {
            places.entry(identity).or_default().push((folder, file));
        }
    }
    let (mut apart, mut alone) = (HashSet::new(), HashSet::new());
    for mut places in places.into_values().filter(|places| places.len() > 1) {
        // In this order those that have most in common are neighbours.
        places.sort_unstable();
        places.dedup();
        for ((one, first), (other, second)) in places.iter().zip(places.iter().skip(1)) {
            if one == other {
                alone.extend([*first, *second]);
            }
            // Whatever is above one that is in already is in, too.
            let new: Vec<&str> = upwards(common(one, other)).take_while(|folder| !apart.contains(folder)).collect();
            apart.extend(new);
        }
    }
    (apart, alone)
}

/// Returns whether an object of this name is one and the same wherever it stands: one whose name the API server makes up, of
/// what ends in a dash, is another each time.
fn is_certain(identity: &Identity) -> bool {
    !identity.name.is_empty() && !identity.name.ends_with('-')
}

/// Objects that stand in a run more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repeated {
    /// Tells how many that are in several environments, each counted once.
    pub in_several: usize,
    /// Tells how many that are twice in one.
    pub in_one: usize,
    /// Some of the former, and some of the latter, each with two of its files.
    pub examples: [Vec<String>; 2],
}

/// Finds the objects that stand more than once.
pub(crate) fn repeated(tree: &Tree, environments: &[Environment], files: &[(String, Vec<&Identity>)]) -> Repeated {
    let mut first: HashMap<&Identity, (usize, usize)> = HashMap::new();
    let mut counted = [HashSet::new(), HashSet::new()];
    let mut found = Repeated::default();
    let own = (0..).zip(environments).flat_map(|(number, it)| it.own.iter().map(move |index| (number, *index)));
    for (number, index) in own {
        let Some((path, identities)) = files.get(index) else { continue };
        for identity in identities.iter().filter(|identity| is_certain(identity)) {
            let (before, file) = *first.entry(identity).or_insert((number, usize::MAX));
            if file == usize::MAX {
                first.insert(identity, (number, index));
                continue;
            }
            let [several, one] = &mut counted;
            let [of_several, of_one] = &mut found.examples;
            let (counted, examples) = if before == number { (one, of_one) } else { (several, of_several) };
            if counted.insert(identity) && examples.len() < MAX_EXAMPLES {
                let file = files.get(file).map_or("", |(path, _)| tree.name(path));
                examples.push(format!("{identity} in {file} and {}", tree.name(path)));
            }
        }
    }
    [found.in_several, found.in_one] = counted.map(|counted| counted.len());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn identity(name: &str) -> Identity {
        Identity { kind: "Deployment".to_owned(), name: name.to_owned(), ..Identity::default() }
    }

    /// Returns what each environment judges, and what it sees, in names of files.
    fn grouped(kustomizations: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
        let texts =
            kustomizations.iter().map(|(name, text)| Text { name: (*name).to_owned(), text: (*text).to_owned() });
        let tree = Tree::of("", &texts.collect::<Vec<_>>(), &[]);
        let identities: Vec<Identity> = files.iter().map(|(_, name)| identity(name)).collect();
        let files: Vec<(String, Vec<&Identity>)> =
            files.iter().zip(&identities).map(|((path, _), identity)| ((*path).to_owned(), vec![identity])).collect();
        let name = |index: usize| files[index].0.trim_end_matches(".yaml");
        let said = |environment: Environment| {
            let own: Vec<&str> = environment.own.into_iter().map(name).collect();
            let seen = environment
                .seen
                .into_iter()
                .map(|(index, sure)| format!("{}{}", name(index), if sure { "" } else { "?" }));
            format!("{} of {}", own.join(" "), seen.collect::<Vec<_>>().join(" "))
        };
        group(&tree, &files, &HashSet::new()).into_iter().map(said).collect()
    }

    #[test]
    fn folders_that_hold_the_same_are_apart() {
        assert_eq!(
            grouped(&[], &[("a/web.yaml", "web"), ("b/api.yaml", "api"), ("c.yaml", "c")]),
            ["a/web b/api c of a/web b/api c"]
        );
        let files = [
            ("dev/web.yaml", "web"),
            ("dev/x/db.yaml", "db"),
            ("prod/web.yaml", "web"),
            ("other/a.yaml", "a"),
            ("all.yaml", "all"),
        ];
        assert_eq!(
            grouped(&[], &files),
            [
                "dev/web dev/x/db of dev/web dev/x/db all",
                "other/a of other/a all",
                "prod/web of prod/web all",
                "all of all"
            ]
        );
        let files = [("a.yaml", "web"), ("b.yaml", "web"), ("pdb.yaml", "pdb"), ("x/y.yaml", "y")];
        assert_eq!(grouped(&[], &files), ["x/y of pdb x/y", "pdb of pdb", "a of a pdb", "b of b pdb"]);
        // What gets its name from the API server is another each time.
        assert_eq!(grouped(&[], &[("a.yaml", "web-"), ("b.yaml", "web-")]), ["a b of a b"]);
        // Twice in one file is one environment still.
        assert_eq!(grouped(&[], &[("a.yaml", "web"), ("a.yaml", "web")]).len(), 2);
    }

    #[test]
    fn a_kustomization_is_an_environment() {
        let kustomizations = [
            ("base/kustomization.yaml", "resources: [web.yaml]"),
            ("dev/kustomization.yaml", "resources: [../base]"),
            ("prod/kustomization.yaml", "resources: [../base, pdb.yaml]\nreplicas: [{name: web, count: 3}]"),
        ];
        let files = [("base/web.yaml", "web"), ("prod/pdb.yaml", "pdb"), ("x.yaml", "x")];
        assert_eq!(
            grouped(&kustomizations, &files),
            ["x of x", "base/web of base/web", "prod/pdb of base/web? prod/pdb?"]
        );
    }

    #[test]
    fn what_is_seen_is_bounded() {
        let many: Vec<String> = (0..600).map(|number| format!("base/{number}.yaml")).collect();
        let base = format!("resources: [{}]", many.join(", ").replace("base/", ""));
        let overlays: Vec<(String, String)> = (0..600)
            .map(|number| (format!("o{number}/kustomization.yaml"), "resources: [../base, own.yaml]".to_owned()))
            .collect();
        let mut kustomizations = vec![("base/kustomization.yaml", base.as_str())];
        kustomizations.extend(overlays.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let own: Vec<String> = (0..600).map(|number| format!("o{number}/own.yaml")).collect();
        let files: Vec<(&str, &str)> = many.iter().chain(&own).map(|path| (path.as_str(), path.as_str())).collect();
        let said = grouped(&kustomizations, &files);
        let seen: usize = said.iter().map(|line| line.split(" of ").nth(1).unwrap().split(' ').count()).sum();
        assert!(said.len() == 601 && seen < MAX_SEEN + files.len() * (MAX_SEEN_PER_FILE + 2), "{seen}");
    }
}
