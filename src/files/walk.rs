//! Finds the files that are meant.

use std::{collections::HashSet, fs, io, path::PathBuf, sync::mpsc};

use ignore::{
    DirEntry, WalkBuilder, WalkState,
    overrides::{Override, OverrideBuilder},
};
use thiserror::Error;

use podgate_manifests::Problem;

use super::file::File;

/// The files that a folder is searched for.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A search that cannot begin.
#[derive(Debug, Error)]
pub enum WalkError {
    /// A pattern that is none.
    #[error("--ignore {glob}: {cause}")]
    Glob {
        /// The pattern.
        glob: String,
        /// The system's error.
        cause: ignore::Error,
    },
}

/// The files at `paths`, in order and each once; `-` is standard input. Folders are searched, except for `.git` and what a
/// `.gitignore` excludes; a file that is named is taken, whatever it is called. `globs` leave out more, of both. What cannot
/// be read is a problem.
pub fn find(paths: &[PathBuf], globs: &[String]) -> Result<(Vec<File>, Vec<Problem>), WalkError> {
    let ignored = overrides(globs)?;
    let (mut inputs, mut problems) = (Vec::new(), Vec::new());
    let mut linked = false;
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(File::stdin());
            continue;
        }
        linked |= path.is_symlink();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => linked |= search(path, &ignored, &mut inputs, &mut problems),
            Ok(_) if ignored.matched(path, false).is_ignore() => {}
            Ok(_) => inputs.push(File::new(path.clone())),
            Err(cause) => problems.push(unreadable(path.display(), &cause)),
        }
    }
    inputs.sort();
    // Folders are searched by several threads.
    problems.sort();
    inputs.dedup_by(|one, other| one.name == other.name);
    if linked {
        // The same file by two ways counts once, under the first name.
        let mut known = HashSet::new();
        inputs.retain(|input| {
            let real = input.path.as_ref().and_then(|path| fs::canonicalize(path).ok());
            real.is_none_or(|real| known.insert(real))
        });
    }
    Ok((inputs, problems))
}

fn overrides(globs: &[String]) -> Result<Override, WalkError> {
    let mut builder = OverrideBuilder::new(".");
    for glob in globs {
        // In an override `!` is what a plain line is in a .gitignore.
        builder.add(&format!("!{glob}")).map_err(|cause| WalkError::Glob { glob: glob.clone(), cause })?;
    }
    builder.build().map_err(|cause| WalkError::Glob { glob: globs.join(" "), cause })
}

/// Adds the manifests below `folder`; true where symbolic links were followed.
fn search(folder: &std::path::Path, ignored: &Override, inputs: &mut Vec<File>, problems: &mut Vec<Problem>) -> bool {
    let (sender, found) = mpsc::channel();
    WalkBuilder::new(folder)
        .overrides(ignored.clone())
        .follow_links(true)
        .hidden(false)
        .require_git(false)
        // What is ignored must not depend on whose machine it is.
        .git_global(false)
        .git_exclude(false)
        .filter_entry(|entry| entry.file_name() != ".git")
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
                    inputs.push(File::new(entry.into_path()));
                }
            }
            // What a loop leads to is searched already.
            Err(error) if is_loop(&error) => linked = true,
            Err(error) => problems.push(Problem::of(&folder.to_string_lossy(), None, &error.to_string())),
        }
    }
    linked
}

fn is_manifest(entry: &DirEntry) -> bool {
    let extension = entry.path().extension().and_then(|extension| extension.to_str());
    entry.file_type().is_some_and(|kind| kind.is_file())
        && extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
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
