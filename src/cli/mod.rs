//! The command line: one file a subcommand, and the only place that prints.

use std::process::ExitCode;

/// Runs podgate.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
