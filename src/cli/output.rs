//! Prints and fails, as every subcommand does.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

/// Exit code of bad flags and bad configuration; clap uses the same.
pub(super) const FAILURE: u8 = 2;

/// Writes `text` to stdout.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Writes a file that was asked for. Folders are not made: one that is not there is mostly misspelt.
pub(super) fn write_file(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| {
        let missing = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let why = missing.map(|folder| format!(": there is no folder {}", folder.display()));
        format!("cannot write {}{}", file.display(), why.unwrap_or_default())
    })
}

/// Returns whether the user wants no colours: <https://no-color.org>.
pub(super) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Returns whether the reader has seen enough (`podgate rules | head`), which is no error.
pub(super) fn is_broken_pipe(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
