//! What stands around the files of a run and tells what they are: the `Chart.yaml` and the kustomizations of their folders and of
//! those above, as far as the repository goes.

use std::{
    collections::HashSet,
    fs,
    path::{Component, Path, PathBuf},
};

use podgate_manifests::telling;

use super::file::File;

/// Tells how many folders upwards are looked at where no `.git` ends the repository.
const MAX_FOLDERS: usize = 32;

/// Returns the working directory as text; empty where there is none.
pub fn working_folder() -> String {
    std::env::current_dir().map(|folder| folder.to_string_lossy().replace('\\', "/")).unwrap_or_default()
}

/// Returns the telling files in the folders of `files` and above, less `files` themselves.
pub(super) fn around(files: &[File]) -> Vec<File> {
    let given: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for path in files.iter().filter_map(|file| file.path.as_deref()) {
        for folder in upwards(path).take(MAX_FOLDERS) {
            if !seen.insert(folder.clone()) {
                break;
            }
            let names = telling().filter(|name| fs::symlink_metadata(folder.join(name)).is_ok());
            let there = names.map(|name| File::found(folder.join(name)));
            found.extend(there.filter(|file| {
                !given.contains(file.name.as_str()) && file.path.as_ref().is_some_and(|path| path.is_file())
            }));
            if fs::symlink_metadata(folder.join(".git")).is_ok() {
                break;
            }
        }
    }
    found
}

/// Returns the folder of a file and those above it: of a relative path also those above the working directory.
fn upwards(path: &Path) -> impl Iterator<Item = PathBuf> {
    let within: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_path_buf).collect();
    let is_plain = path
        .components()
        .all(|component| !matches!(component, Component::ParentDir | Component::RootDir | Component::Prefix(_)));
    let here = std::env::current_dir().ok().filter(|_| is_plain);
    let above = here.into_iter().flat_map(|here| here.ancestors().skip(1).map(Path::to_path_buf).collect::<Vec<_>>());
    within.into_iter().chain(above)
}
