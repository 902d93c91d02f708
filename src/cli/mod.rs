//! L6: the command line. One file a subcommand, and the only place that prints.

#[cfg(feature = "server")]
mod certs;
mod completions;
#[cfg(feature = "server")]
mod duration;
mod policy;
mod review;
mod rules;
#[cfg(feature = "server")]
mod serve;

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::policy::{Engine, LifecyclePolicy, load};

/// Exit code of bad flags and bad configuration; clap uses the same.
const FAILURE: u8 = 2;

/// A Kubernetes admission webhook that judges the Pod lifecycle.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "server")]
    Serve(Box<serve::Args>),
    Review(review::Args),
    Rules(rules::Args),
    #[command(subcommand)]
    Policy(policy::Command),
    #[cfg(feature = "server")]
    Certs(certs::Args),
    Completions(completions::Args),
}

/// Runs podgate.
pub fn main() -> ExitCode {
    let outcome: anyhow::Result<ExitCode> = match Cli::parse().command {
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(&args),
        Command::Review(args) => review::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Policy(command) => policy::run(&command),
        #[cfg(feature = "server")]
        Command::Certs(args) => certs::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    outcome.unwrap_or_else(|cause| {
        if is_broken_pipe(&cause) {
            return ExitCode::SUCCESS;
        }
        // Where even stderr is gone there is nobody left to tell.
        let _ = writeln!(io::stderr(), "podgate: {cause:#}");
        ExitCode::from(FAILURE)
    })
}

/// Writes `text` to stdout.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// A reader that has seen enough (`podgate rules | head`) is no error.
fn is_broken_pipe(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The engine of the policy in `file`, or of the default policy.
fn engine(file: Option<&Path>) -> anyhow::Result<Engine> {
    let policy = file.map(load).transpose()?.unwrap_or_else(LifecyclePolicy::default);
    Ok(Engine::new(&policy))
}
