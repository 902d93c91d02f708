//! The `podgate` binary: parse the command line, dispatch, turn the outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    podgate::cli::main()
}
