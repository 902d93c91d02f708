//! Finds the files that are meant.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

use ignore::{DirEntry, WalkBuilder, WalkState};
use podgate_manifests::{Problem, telling};

use super::{
    around,
    file::File,
    ignored::{Ignored, WalkError, by_git},
};

/// The files that a folder is searched for.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Holds what was found at some paths.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, in order and each once.
    pub files: Vec<File>,
    /// The files around these that tell what they are: of charts and kustomizations that they belong to.
    pub around: Vec<File>,
    /// Holds what cannot be read.
    pub problems: Vec<Problem>,
    /// The patterns that left nothing out.
    pub idle_globs: Vec<String>,
}

/// Finds the files at `paths`; `-` is standard input. Folders are searched, except for `.git` and what a `.gitignore` excludes;
/// a file that is named is taken, whatever it is called. `globs` leave out more, of both. What cannot be read is a problem.
pub fn find(paths: &[PathBuf], globs: &[String]) -> Result<Found, WalkError> {
    let ignored = Arc::new(Ignored::new(globs)?);
    let mut found = Found::default();
    let mut linked = false;
    for path in paths {
        if path.as_os_str() == "-" {
            found.files.push(File::stdin());
            continue;
        }
        linked |= path.is_symlink();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => linked |= search(path, &ignored, &mut found),
            _ if ignored.matches(path, false) => {}
            Ok(_) => found.files.push(File::named(path.clone())),
            Err(cause) => found.problems.push(unreadable(path.display(), &cause)),
        }
    }
    found.files.sort();
    // Folders are searched by several threads.
    found.problems.sort();
    // One that is both named and found comes first by name, and is named.
    found.files.dedup_by(|one, other| {
        let same = one.name == other.name;
        other.is_named |= same && one.is_named;
        same
    });
    if linked {
        // The same file by two ways counts once, under the first name.
        let mut known = HashSet::new();
        found.files.retain(|input| {
            let real = input.path.as_ref().and_then(|path| fs::canonicalize(path).ok());
            real.is_none_or(|real| known.insert(real))
        });
    }
    found.around.extend(around::around(&found.files));
    found.around.sort();
    found.around.dedup();
    found.idle_globs = ignored.idle();
    Ok(found)
}

/// Adds the manifests below `folder`; true where symbolic links were followed.
fn search(folder: &Path, ignored: &Arc<Ignored>, into: &mut Found) -> bool {
    let (sender, found) = mpsc::channel();
    let left_out = Arc::clone(ignored);
    WalkBuilder::new(folder)
        .follow_links(true)
        .hidden(false)
        .require_git(false)
        // What is ignored must not depend on whose machine it is.
        .git_global(false)
        .git_exclude(false)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.file_name() != ".git" && !left_out.matches(entry.path(), is_folder)
        })
        .build_parallel()
        .run(|| {
            let sender = sender.clone();
            Box::new(move |entry| match sender.send(entry) {
                Ok(()) => WalkState::Continue,
                // Nobody listens any more.
                Err(_) => WalkState::Quit,
            })
        });
    drop(sender);
    let mut linked = false;
    for entry in found {
        match entry {
            Ok(entry) => {
                linked |= entry.path_is_symlink();
                if is_manifest(&entry) {
                    into.files.push(File::found(entry.into_path()));
                } else if telling().any(|name| entry.file_name() == name) && entry.path().is_file() {
                    into.around.push(File::found(entry.into_path()));
                }
            }
            // What a loop leads to is searched already.
            Err(error) if is_loop(&error) => linked = true,
            Err(error) if path_of(&error).is_some_and(|path| is_no_loss(folder, path, ignored)) => {}
            Err(error) => into.problems.push(Problem::of(&folder.to_string_lossy(), None, &error.to_string())),
        }
    }
    linked
}

/// Returns whether something that cannot be opened would not have been looked at anyway: a link that leads nowhere and is not
/// called as manifests are, or what is left out.
fn is_no_loss(folder: &Path, path: &Path, ignored: &Ignored) -> bool {
    let is_link = path.is_symlink();
    (is_link && !is_called_manifest(path)) || ignored.matches(path, false) || by_git(folder, path)
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

fn is_manifest(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file()) && is_called_manifest(entry.path())
}

fn is_called_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

fn is_loop(error: &ignore::Error) -> bool {
    match error {
        ignore::Error::Loop { .. } => true,
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => is_loop(err),
        _ => false,
    }
}

fn unreadable(path: impl std::fmt::Display, cause: &io::Error) -> Problem {
    Problem::of(&path.to_string(), None, &format!("cannot be read: {cause}"))
}
