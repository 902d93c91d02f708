//! `podgate policy`: the policy language.

use std::process::ExitCode;

use crate::policy::LifecyclePolicy;

/// Work with policies
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print the default policy in full
    Default,
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Default => super::print(&LifecyclePolicy::default().in_full())?,
    }
    Ok(ExitCode::SUCCESS)
}
