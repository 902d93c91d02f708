//! `podgate policy`: the policy language.

use std::{path::Path, process::ExitCode};

use super::output::print;
use crate::policy::{Engine, LifecyclePolicy, load};

/// Work with policies
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print the default policy in full
    Default,
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Default => print(&LifecyclePolicy::default().in_full())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The engine of the policy in `file`, or of the default policy.
pub(super) fn engine(file: Option<&Path>) -> anyhow::Result<Engine> {
    let policy = file.map(load).transpose()?.unwrap_or_else(LifecyclePolicy::default);
    Ok(Engine::new(&policy))
}
