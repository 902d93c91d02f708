//! Prints and fails, as every subcommand does.

use std::io::{self, Write};

/// Exit code of bad flags and bad configuration; clap uses the same.
pub(super) const FAILURE: u8 = 2;

/// Writes `text` to stdout.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Returns whether the user wants no colours: <https://no-color.org>.
pub(super) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Returns whether the reader has seen enough (`podgate rules | head`), which is no error.
pub(super) fn is_broken_pipe(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
