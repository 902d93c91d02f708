//! The program as a user types it: `check`, `fix` and `policy`, their formats, bad input, and the tree's own manifests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

#[cfg(unix)]
mod action;
mod bounds;
mod command;
#[cfg(all(unix, feature = "server"))]
mod docs;
mod fix;
mod flows;
mod formats;
mod identity;
#[path = "../../crates/engine/tests/spec/judging.rs"]
#[allow(dead_code)]
mod judging;
#[cfg(feature = "server")]
mod manifests;
mod policies;
mod progress;
mod readme;
mod samples;
mod timeline;
#[path = "../../crates/engine/tests/spec/tree.rs"]
mod tree;
mod trees;
mod usage;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

/// What a run of the binary gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn podgate(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgate"));
    command.current_dir(folder).env_remove("PODGATE_POLICY").env_remove("NO_COLOR");
    command
}

/// Runs the binary in `folder` with nothing on its standard input.
fn run(folder: &Path, args: &[&str]) -> Ran {
    podgate(folder).args(args).stdin(Stdio::null()).output().unwrap().into()
}

/// Runs it with `text` on its standard input.
fn pipe(folder: &Path, args: &[&str], text: &[u8]) -> Ran {
    let mut command = podgate(folder);
    let command = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&text));
    let ran = child.wait_with_output().unwrap().into();
    // It may have stopped reading on purpose.
    let _ = writer.join().unwrap();
    ran
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}
