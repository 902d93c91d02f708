//! The command line. One file a subcommand, and the only place that prints.

#[cfg(feature = "server")]
mod address;
#[cfg(feature = "server")]
mod asked_cluster;
#[cfg(feature = "server")]
mod audit;
#[cfg(feature = "server")]
mod certs;
mod check;
#[cfg(feature = "server")]
mod cluster;
mod completions;
#[cfg(feature = "server")]
mod duration;
mod environment;
mod fail_on;
mod fix;
mod formats;
#[cfg(feature = "server")]
mod gates;
#[cfg(feature = "server")]
mod gates_json;
mod man;
mod number;
mod output;
mod page;
mod policy;
mod progress;
mod review;
mod rule_id;
mod rules;
#[cfg(test)]
mod schema;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod spans;
mod timeline;

use std::{
    env,
    io::{self, Write},
    process::{self, ExitCode},
};

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::files::PolicyFileError;
use output::{FAILURE, is_broken_pipe};

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
    Check(Box<check::Args>),
    Fix(Box<fix::Args>),
    Review(review::Args),
    Timeline(Box<timeline::Args>),
    #[cfg(feature = "server")]
    Gates(gates::Args),
    #[cfg(feature = "server")]
    Audit(Box<audit::Args>),
    Rules(rules::Args),
    #[command(subcommand)]
    Policy(policy::Command),
    #[cfg(feature = "server")]
    Certs(certs::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs podgate.
pub fn main() -> ExitCode {
    let outcome: anyhow::Result<ExitCode> = match parse().command {
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Fix(args) => fix::run(&args),
        Command::Review(args) => review::run(&args),
        Command::Timeline(args) => timeline::run(&args),
        #[cfg(feature = "server")]
        Command::Gates(args) => gates::run(&args),
        #[cfg(feature = "server")]
        Command::Audit(args) => audit::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Policy(command) => policy::run(&command),
        #[cfg(feature = "server")]
        Command::Certs(args) => certs::run(&args),
        Command::Completions(args) => completions::run(&args, &mut Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
    };
    outcome.unwrap_or_else(|cause| {
        if is_broken_pipe(&cause) {
            return ExitCode::SUCCESS;
        }
        // Where even stderr is gone there is nobody left to tell.
        let _ = match cause.downcast_ref::<PolicyFileError>() {
            Some(PolicyFileError::Invalid(error)) => write!(io::stderr(), "{}", policy::mistakes(error)),
            _ => writeln!(io::stderr(), "podgate: {cause:#}"),
        };
        ExitCode::from(FAILURE)
    })
}

/// Returns the command line as it is declared, with every command, flag and default; the reference is made of it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Reads the command line and the environment, or ends the process with what is wrong with them.
fn parse() -> Cli {
    let mut command = environment::lenient(Cli::command());
    let matches = command.try_get_matches_from_mut(env::args_os());
    let cli = matches.and_then(|matches| {
        // The usage that is shown is that of the command that was called.
        Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut called(&command, &matches)))
    });
    cli.unwrap_or_else(|error| {
        // Where even stderr is gone there is nobody left to tell.
        let _ = error.print();
        if let Some(variable) = environment::source(command, &error) {
            let _ = writeln!(io::stderr(), "\nThe value comes from the environment variable {variable}.");
        }
        process::exit(error.exit_code())
    })
}

/// Returns the command that was called, however deep it is.
fn called(command: &clap::Command, matches: &ArgMatches) -> clap::Command {
    let below = matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    below.map_or_else(|| command.clone(), |(command, matches)| called(command, matches))
}

#[cfg(test)]
#[cfg(feature = "server")]
mod tests {
    use clap::{Arg, ArgAction, Command};

    use super::{
        Cli, CommandFactory,
        environment::{is_switch, lenient},
    };

    /// The ids of the switches that have a variable, of a command and those below it.
    fn switches(command: &Command, path: &[String], into: &mut Vec<(Vec<String>, String)>) {
        let own = command.get_arguments().filter(|arg| arg.get_env().is_some() && is_switch(arg));
        into.extend(own.map(|arg| (path.to_vec(), arg.get_long().unwrap().to_owned())));
        for below in command.get_subcommands() {
            switches(below, &[path, &[below.get_name().to_owned()]].concat(), into);
        }
    }

    /// Lets every switch take a value on the command line, which is read as that of its variable is.
    fn with_values(command: Command) -> Command {
        let switch = |arg: Arg| if is_switch(&arg) { arg.action(ArgAction::Set).num_args(1) } else { arg };
        command.mut_args(switch).mut_subcommands(with_values)
    }

    #[test]
    fn every_switch_takes_what_people_write_in_a_variable() {
        let mut all = Vec::new();
        switches(&Cli::command(), &["podgate".to_owned()], &mut all);
        let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["watch", "open-gates", "reports", "manage-certs", "force"]);
        for (path, name) in &all {
            let read = |value: &str| {
                let line = path.iter().cloned().chain([format!("--{name}={value}")]);
                let matches = with_values(lenient(Cli::command())).try_get_matches_from(line).ok()?;
                let (_, matches) = matches.subcommand()?;
                matches.get_one::<bool>(&name.replace('-', "_")).copied()
            };
            for (value, is_on) in [("1", true), ("true", true), ("yes", true), ("on", true), ("ON", true), ("0", false)]
            {
                assert_eq!(read(value), Some(is_on), "--{name} {value}");
            }
            assert_eq!([read("no"), read("off"), read("false")], [Some(false); 3], "--{name}");
            assert_eq!(read("maybe"), None, "--{name}");
        }
    }
}
