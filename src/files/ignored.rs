//! What is left out: by `--ignore`, and by the `.gitignore` files of a folder.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use thiserror::Error;

/// A search that cannot begin.
#[derive(Debug, Error)]
pub enum WalkError {
    /// A pattern that is none.
    #[error("--ignore {glob}: {cause}")]
    Glob {
        /// The pattern.
        glob: String,
        /// Holds what is wrong with it.
        cause: ignore::Error,
    },
}

/// The patterns of `--ignore`, and which of them have matched anything.
pub(super) struct Ignored {
    all: Gitignore,
    each: Vec<Pattern>,
}

struct Pattern {
    glob: String,
    matcher: Gitignore,
    matched: AtomicBool,
}

impl Ignored {
    /// Compiles patterns, each a line of a `.gitignore` in the working directory.
    pub(super) fn new(globs: &[String]) -> Result<Self, WalkError> {
        let compile = |globs: &[String]| {
            let mut builder = GitignoreBuilder::new(".");
            for glob in globs {
                builder.add_line(None, glob).map_err(|cause| WalkError::Glob { glob: glob.clone(), cause })?;
            }
            builder.build().map_err(|cause| WalkError::Glob { glob: globs.join(" "), cause })
        };
        let pattern = |glob: &String| {
            let matcher = compile(std::slice::from_ref(glob))?;
            Ok(Pattern { glob: glob.clone(), matcher, matched: AtomicBool::new(false) })
        };
        Ok(Self { all: compile(globs)?, each: globs.iter().map(pattern).collect::<Result<_, WalkError>>()? })
    }

    /// Returns whether a file or folder is left out.
    pub(super) fn matches(&self, path: &Path, is_folder: bool) -> bool {
        for pattern in &self.each {
            if !pattern.matcher.matched(path, is_folder).is_none() {
                pattern.matched.store(true, Ordering::Relaxed);
            }
        }
        self.all.matched(path, is_folder).is_ignore()
    }

    /// Returns the patterns that have matched nothing.
    pub(super) fn idle(&self) -> Vec<String> {
        let idle = self.each.iter().filter(|pattern| !pattern.matched.load(Ordering::Relaxed));
        idle.map(|pattern| pattern.glob.clone()).collect()
    }
}

/// Returns whether a `.gitignore` in `folder` or between it and `path` leaves `path` out.
pub(super) fn by_git(folder: &Path, path: &Path) -> bool {
    let mut above = path.ancestors().skip(1).take_while(|above| above.starts_with(folder));
    let decision = |above: &Path| {
        let (ignored, _) = Gitignore::new(above.join(".gitignore"));
        let decision = ignored.matched_path_or_any_parents(path, false);
        (!decision.is_none()).then(|| decision.is_ignore())
    };
    // The nearest that says anything decides.
    above.find_map(decision).unwrap_or(false)
}
