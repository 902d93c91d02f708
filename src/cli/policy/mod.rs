//! `podgate policy`: the policy language.

mod explain;
mod test;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::output::{FAILURE, print};
use crate::files::{PolicyFileError, load_policy};
use podgate_engine::{
    policy::{Engine, LifecyclePolicy, Mistake, PolicyError, day::Day, schema},
    syntax::text::counted,
};
use podgate_manifests::Excerpt;

/// Work with policies
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with policy files
    ///
    /// Exit code 0 if every one can be used, 2 if not.
    Check {
        /// Policy files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of policy files, for editors
    Schema,
    /// Print the default policy in full
    Default,
    Explain(explain::Args),
    Test(test::Args),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { files } => return check(files),
        Command::Schema => print(&format!("{:#}\n", schema::json_schema()))?,
        Command::Default => print(&LifecyclePolicy::default().in_full())?,
        Command::Explain(args) => return explain::run(args),
        Command::Test(args) => return test::run(args),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut usable = true;
    for file in files {
        match load_policy(file) {
            Ok(policy) => {
                let spec = &policy.spec;
                let name = file.display();
                print(&format!(
                    "{name}: policy \"{}\": profile {}, {}, {}\n",
                    policy.metadata.name,
                    spec.profile.as_str(),
                    counted(spec.rules.len(), "rule set", "rules set"),
                    counted(spec.scopes.len(), "scope", "scopes"),
                ))?;
                for note in spec.notes(Day::today()) {
                    print(&format!("{name}: {note}\n"))?;
                }
            }
            Err(error) => {
                usable = false;
                let text = match &error {
                    PolicyFileError::Invalid(error) => mistakes(error),
                    PolicyFileError::Read { .. } => format!("podgate: {error}\n"),
                };
                // Where even stderr is gone the exit code is left.
                let _ = io::stderr().write_all(text.as_bytes());
            }
        }
    }
    Ok(if usable { ExitCode::SUCCESS } else { ExitCode::from(FAILURE) })
}

/// The mistakes of a policy as compilers show them: place, what, and the line with a mark under it.
pub(super) fn mistakes(error: &PolicyError) -> String {
    let PolicyError { origin, mistakes } = error;
    mistakes.iter().map(|mistake| format!("{origin}:{mistake}\n{}", excerpt(mistake))).collect()
}

fn excerpt(mistake: &Mistake) -> String {
    let column = mistake.place.column.saturating_sub(1);
    let at = mistake.line.char_indices().nth(column).map_or(mistake.line.len(), |(at, _)| at);
    Excerpt::new(mistake.place.line, &mistake.line, at, mistake.width).render(false)
}

/// The engine of the policy in `file`, or of the default policy.
pub(super) fn engine(file: Option<&Path>) -> anyhow::Result<Engine> {
    let policy = file.map(load_policy).transpose()?.unwrap_or_default();
    Ok(Engine::new(&policy))
}
