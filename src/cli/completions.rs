//! `podgate completions`: shell completion.

use std::process::ExitCode;

use clap_complete::Shell;

/// Print the completion script for a shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, command: &mut clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "podgate", &mut script);
    super::output::print(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}
