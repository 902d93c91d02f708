//! What the files of a run are: manifests to judge, sources of Helm charts, or what kustomize works with. It is told by their
//! names, and by the texts of the kustomizations among them and around them.

pub(crate) mod known_kinds;
mod kustomization;
mod object;
pub(crate) mod place;
pub(crate) mod placeholder;

use std::collections::{HashMap, HashSet};

pub(crate) use object::{Class, class};

use crate::{aside::Reason, input::Input, parallel, problem::Problem};
use kustomization::Kustomization;
use place::{folder_of, join, last, upwards};

/// The file that makes a folder a Helm chart.
const CHART: &str = "Chart.yaml";

/// Returns whether a file of this name tells what the files beside and below it are.
fn is_telling(file_name: &str) -> bool {
    file_name == CHART || kustomization::NAMES.contains(&file_name)
}

/// Returns the names of files that tell what those beside and below them are.
pub fn telling() -> impl Iterator<Item = &'static str> {
    std::iter::once(CHART).chain(kustomization::NAMES)
}

/// Tells what a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One to judge.
    Manifest,
    /// No manifest, and nothing to tell of: values, `Chart.yaml`, a kustomization.
    Nothing,
    /// One of a chart's templates.
    Template,
    /// Something else that is not judged.
    Aside(Reason),
}

/// The charts and kustomizations of a run.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The folder that relative names lead from.
    folder: String,
    charts: HashSet<String>,
    kustomizations: Vec<Kustomization>,
    /// By the folder that each stands in.
    by_folder: HashMap<String, usize>,
    /// The kustomizations that take objects from a file or folder.
    takers: HashMap<String, Vec<usize>>,
    patches: HashSet<String>,
    data: HashSet<String>,
    /// Of each kustomization the outermost that it belongs to.
    outermost: Vec<usize>,
    /// Holds what is wrong with those that cannot be read.
    pub(crate) problems: Vec<Problem>,
    /// Those that are sources of templates.
    pub(crate) templates: Vec<String>,
}

/// A kustomization that was looked at.
enum Looked {
    Read(Kustomization),
    Template(String),
    Unreadable(Problem),
}

impl Tree {
    /// Tells what `inputs` are, with what is `around` them: charts and kustomizations that are not judged themselves.
    pub(crate) fn of<I: Input>(folder: &str, inputs: &[I], around: &[I]) -> Self {
        let mut tree = Self { folder: folder.to_owned(), ..Self::default() };
        let is_kustomization = |input: &&I| kustomization::NAMES.contains(&last(input.name()));
        let telling: Vec<&I> = inputs.iter().chain(around).filter(is_kustomization).collect();
        let looked = parallel::map(&telling, 8, |input: &&I| tree.look(*input));
        for looked in looked.into_iter().flatten() {
            match looked {
                Looked::Read(kustomization) => tree.kustomizations.push(kustomization),
                Looked::Template(name) => tree.templates.push(name),
                Looked::Unreadable(problem) => tree.problems.push(problem),
            }
        }
        let charts = inputs.iter().chain(around).filter(|input| last(input.name()) == CHART);
        tree.charts = charts.map(|input| folder_of(&tree.path(input.name())).to_owned()).collect();
        for (index, kustomization) in tree.kustomizations.iter().enumerate() {
            tree.by_folder.insert(kustomization.folder.clone(), index);
            for resource in &kustomization.resources {
                tree.takers.entry(resource.clone()).or_default().push(index);
            }
            tree.patches.extend(kustomization.patches.iter().cloned());
            tree.data.extend(kustomization.data.iter().cloned());
        }
        tree.outermost = (0..tree.kustomizations.len()).collect();
        for index in 0..tree.kustomizations.len() {
            tree.find_outermost(index);
        }
        tree.ask_patches(inputs);
        tree
    }

    fn look<I: Input>(&self, input: &I) -> Option<Looked> {
        // One that is not there for reading is not there for kustomize either.
        let text = input.read().ok()?;
        Some(match Kustomization::read(&self.path(input.name()), &text) {
            Ok(kustomization) => Looked::Read(kustomization),
            Err(error) if placeholder::is_template(&text, error.place.line) => {
                Looked::Template(input.name().to_owned())
            }
            Err(error) => Looked::Unreadable(Problem::of(input.name(), Some(error.place), &error.message)),
        })
    }

    /// Goes outwards from a kustomization as long as exactly one takes it, and notes for all on the way where that ends.
    fn find_outermost(&mut self, start: usize) {
        let (mut way, mut seen, mut index) = (Vec::new(), HashSet::new(), start);
        // A circle has to end, too.
        while seen.insert(index) {
            way.push(index);
            let known = self.outermost.get(index).copied().unwrap_or(index);
            let folder = self.kustomizations.get(index).map(|kustomization| kustomization.folder.as_str());
            match folder.and_then(|folder| self.takers.get(folder)).map(Vec::as_slice) {
                _ if known != index => index = known,
                Some([only]) => index = *only,
                _ => break,
            }
        }
        for on_the_way in way {
            if let Some(outermost) = self.outermost.get_mut(on_the_way) {
                *outermost = index;
            }
        }
    }

    /// Notes which kustomizations have a patch in a file of its own that says how many replicas there are.
    fn ask_patches<I: Input>(&mut self, inputs: &[I]) {
        if self.patches.is_empty() {
            return;
        }
        let files = inputs.iter().map(|input| (self.path(input.name()), input));
        let patches: Vec<(String, &I)> = files.filter(|(path, _)| self.patches.contains(path)).collect();
        let sets = |(path, input): &(String, &I)| {
            let sets = input.read().is_ok_and(|text| kustomization::mentions_replicas(&text));
            sets.then(|| path.clone())
        };
        let setting: HashSet<String> = parallel::map(&patches, 8, sets).into_iter().flatten().collect();
        for kustomization in &mut self.kustomizations {
            kustomization.sets_replicas |= kustomization.patches.iter().any(|patch| setting.contains(patch));
        }
    }

    /// Returns the path of what is called `name`.
    pub(crate) fn path(&self, name: &str) -> String {
        join(&self.folder, name)
    }

    /// Returns the name of what is at `path`, as people call it.
    pub(crate) fn name<'p>(&self, path: &'p str) -> &'p str {
        let within = path
            .strip_prefix(&self.folder)
            .filter(|rest| self.folder.is_empty() || rest.starts_with('/') || rest.is_empty());
        within.map_or(path, |name| if name.is_empty() { "." } else { name.trim_start_matches('/') })
    }

    /// Returns what a file is.
    pub(crate) fn role(&self, name: &str) -> Role {
        if is_telling(last(name)) {
            return Role::Nothing;
        }
        let path = self.path(name);
        // What some kustomization takes as a resource is one, whatever another does with it.
        if self.takers.contains_key(&path) {
            return Role::Manifest;
        }
        if self.patches.contains(&path) {
            return Role::Aside(Reason::KustomizePatch);
        }
        if self.data.contains(&path) {
            return Role::Aside(Reason::KustomizeData);
        }
        let Some(chart) = self.chart_of(&path) else { return Role::Manifest };
        let within = path.strip_prefix(chart).unwrap_or_default().trim_start_matches('/');
        let is_values = last(within).starts_with("values") || within.starts_with("ci/");
        if within.starts_with("templates/") {
            Role::Template
        } else if is_values || within == "requirements.yaml" {
            Role::Nothing
        } else {
            Role::Manifest
        }
    }

    fn chart_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut folders = upwards(folder_of(path)).filter(|_| !self.charts.is_empty());
        folders.find(|folder| self.charts.contains(*folder))
    }

    /// Returns the chart that a template is rendered with, as a path: not one that another brings along in its `charts`.
    pub(crate) fn outer_chart<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut chart = self.chart_of(path)?;
        loop {
            let above = folder_of(chart);
            match above.strip_suffix("charts").map(|outer| outer.trim_end_matches('/')) {
                Some(outer) if last(above) == "charts" && self.charts.contains(outer) => chart = folder_of(above),
                _ => return Some(chart),
            }
        }
    }

    /// Returns the kustomization that the file at `path` belongs to. That is the outermost one, but for what several others
    /// take: such a base is one of its own.
    pub(crate) fn kustomization_of(&self, path: &str) -> Option<usize> {
        let index = *self.takers.get(path)?.first()?;
        self.outermost.get(index).copied()
    }

    /// Returns the kustomizations that are built by themselves: no other takes them, and they are no components.
    pub(crate) fn roots(&self) -> impl Iterator<Item = usize> {
        let is_root = |(_, it): &(usize, &Kustomization)| {
            let takes = it.inflates_charts || !it.resources.is_empty();
            takes && !it.is_component && !self.takers.contains_key(&it.folder)
        };
        (0..).zip(&self.kustomizations).filter(is_root).map(|(index, _)| index)
    }

    /// Returns the path of a kustomization, and whether it makes objects of charts.
    pub(crate) fn kustomization(&self, index: usize) -> Option<(&str, bool)> {
        self.kustomizations.get(index).map(|it| (it.file.as_str(), it.inflates_charts))
    }

    /// Calls `each` with every file that goes into what a kustomization builds, and whether it changes what others say.
    pub(crate) fn parts(&self, root: usize, mut each: impl FnMut(&str, bool)) {
        self.resources(root, |path, _| each(path, false));
        self.reached(root, |kustomization, _| kustomization.patches.iter().for_each(|path| each(path, true)));
    }

    /// Calls `each` with every file that a kustomization takes objects from, itself and by way of others, and whether the
    /// kustomization on the way there changes the number of replicas. No file comes twice.
    pub(crate) fn resources(&self, root: usize, mut each: impl FnMut(&str, bool)) {
        self.reached(root, |kustomization, sets| {
            let files = kustomization.resources.iter().filter(|resource| !self.by_folder.contains_key(*resource));
            files.for_each(|file| each(file, sets));
        });
    }

    /// Calls `each` with a kustomization and every one that it takes objects from, and whether one on the way there changes the
    /// number of replicas.
    fn reached<'t>(&'t self, root: usize, mut each: impl FnMut(&'t Kustomization, bool)) {
        let (mut seen, mut next) = (HashSet::from([root]), vec![(root, false)]);
        while let Some((index, sets)) = next.pop() {
            let Some(kustomization) = self.kustomizations.get(index) else { continue };
            let sets = sets || kustomization.sets_replicas;
            each(kustomization, sets);
            let inner = kustomization.resources.iter().filter_map(|resource| self.by_folder.get(resource));
            next.extend(inner.filter(|inner| seen.insert(**inner)).map(|inner| (*inner, sets)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let inputs: Vec<Text> =
            files.iter().map(|(name, text)| Text { name: (*name).to_owned(), text: (*text).to_owned() }).collect();
        Tree::of("/run", &inputs, &[])
    }

    #[test]
    fn files_have_roles() {
        let tree = tree(&[
            ("chart/Chart.yaml", ""),
            ("chart/charts/db/Chart.yaml", ""),
            (
                "overlay/kustomization.yaml",
                "resources: [web.yaml, both.yaml]\npatches: [{path: patch.yaml}, {path: both.yaml}]\n",
            ),
            ("generated/kustomization.yml", "configMapGenerator: [{name: a, files: [../other/data.yaml]}]"),
            ("broken/kustomization.yaml", "patches: ["),
        ]);
        for (name, role) in [
            ("chart/templates/web.yaml", Role::Template),
            ("chart/templates/tests/a.yaml", Role::Template),
            ("chart/charts/db/templates/db.yaml", Role::Template),
            ("chart/values.yaml", Role::Nothing),
            ("chart/values-prod.yaml", Role::Nothing),
            ("chart/ci/a.yaml", Role::Nothing),
            ("chart/crds/a.yaml", Role::Manifest),
            ("chart/Chart.yaml", Role::Nothing),
            ("templates/web.yaml", Role::Manifest),
            ("chart2/templates/web.yaml", Role::Manifest),
            ("values.yaml", Role::Manifest),
            ("overlay/web.yaml", Role::Manifest),
            ("overlay/patch.yaml", Role::Aside(Reason::KustomizePatch)),
            ("./overlay/../overlay/patch.yaml", Role::Aside(Reason::KustomizePatch)),
            ("/run/overlay/patch.yaml", Role::Aside(Reason::KustomizePatch)),
            ("overlay/both.yaml", Role::Manifest),
            ("patch.yaml", Role::Manifest),
            ("other/data.yaml", Role::Aside(Reason::KustomizeData)),
            ("overlay/kustomization.yaml", Role::Nothing),
        ] {
            assert_eq!(tree.role(name), role, "{name}");
        }
        assert_eq!(tree.outer_chart("/run/chart/charts/db/templates/db.yaml"), Some("/run/chart"));
    }

    #[test]
    fn files_belong_to_the_outermost_kustomization() {
        let tree = tree(&[
            ("base/kustomization.yaml", "resources: [web.yaml]"),
            ("dev/kustomization.yaml", "resources: [../base]"),
            ("prod/kustomization.yaml", "resources: [../base, pdb.yaml]\nreplicas: [{name: web, count: 3}]"),
            ("app/kustomization.yaml", "resources: [inner]"),
            ("app/inner/kustomization.yaml", "resources: [a.yaml]"),
            ("circle/kustomization.yaml", "resources: [../circle, c.yaml]"),
        ]);
        let of = |path: &str| tree.kustomization_of(path).map(|index| tree.kustomizations[index].folder.as_str());
        assert_eq!(of("/run/base/web.yaml"), Some("/run/base"));
        assert_eq!(of("/run/prod/pdb.yaml"), Some("/run/prod"));
        assert_eq!(of("/run/app/inner/a.yaml"), Some("/run/app"));
        assert_eq!(of("/run/circle/c.yaml"), Some("/run/circle"));
        assert_eq!(of("/run/x.yaml"), None);
        let mut found = Vec::new();
        tree.resources(tree.by_folder["/run/prod"], |path, sets| found.push((path.to_owned(), sets)));
        assert_eq!(found, [("/run/prod/pdb.yaml".to_owned(), true), ("/run/base/web.yaml".to_owned(), true)]);
    }
}
