//! The command line: one file a subcommand, and the only place that prints.

mod certs;
mod duration;
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
    Serve(Box<serve::Args>),
    Certs(certs::Args),
}

/// Runs podgate.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Certs(args) => certs::run(&args),
    };
    outcome.unwrap_or_else(|cause| {
        let _ = writeln!(io::stderr(), "podgate: {cause:#}");
        ExitCode::from(FAILURE)
    })
}
