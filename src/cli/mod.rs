//! The command line: one file a subcommand, and the only place that prints.

#[cfg(feature = "server")]
mod certs;
#[cfg(feature = "server")]
mod duration;
#[cfg(feature = "server")]
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    #[cfg(feature = "server")]
    Certs(certs::Args),
}

/// Runs podgate.
pub fn main() -> ExitCode {
    let outcome: anyhow::Result<ExitCode> = match Cli::parse().command {
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(&args),
        #[cfg(feature = "server")]
        Command::Certs(args) => certs::run(&args),
    };
    outcome.unwrap_or_else(|cause| {
        let _ = writeln!(io::stderr(), "podgate: {cause:#}");
        ExitCode::from(FAILURE)
    })
}
