//! `podgate fix`: the policy's mutations, carried out on manifests.

use std::{
    fmt::Write as _,
    io::{self, Write},
    process::ExitCode,
};

use diffy::DiffOptions;

use super::{
    check::Select,
    output::{FAILURE, is_broken_pipe},
};
use crate::files::{self, File, Found};
use podgate_engine::{policy::Engine, syntax::text::counted};
use podgate_manifests::fix::{self, Fixed};

/// Add to manifests what the policy's mutations would add to their Pods
///
/// Acts on Pods and on the Pod templates of workloads, by editing the text: comments, order, quoting and indentation of what
/// is there stay as they are. What cannot be added safely that way is said, and the file left alone. Prints the result;
/// --diff prints what changes, --write changes the files.
///
/// Exit code 0, or 2 if anything could not be read, added or written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    select: Select,

    /// Print a unified diff of what changes
    #[arg(long)]
    diff: bool,

    /// Change the files
    #[arg(long)]
    write: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let engine = Engine::new(&args.select.policy(false)?);
    let Found { files: inputs, problems, .. } = args.select.inputs()?;
    if args.write && inputs.iter().any(|input| input.path.is_none()) {
        anyhow::bail!("standard input cannot be changed; leave --write out to have the result printed");
    }
    if engine.policy().spec.mutations.is_empty() {
        // Whoever asks for additions has a policy in mind, and mostly another one.
        let _ =
            writeln!(io::stderr(), "podgate: the policy has no mutations: there is nothing to add; see docs/policy.md");
    }
    let fixed = fix::fix(&engine, &inputs, &args.select.namespace);
    let mut failed = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    failed.extend(fixed.iter().flat_map(|fixed| fixed.problems.iter().map(ToString::to_string)));
    let text = match (args.diff, args.write) {
        (true, _) => diff(&fixed),
        (false, true) => String::new(),
        (false, false) => whole(&fixed),
    };
    match super::output::print(&text) {
        Err(cause) if is_broken_pipe(&cause) => {}
        other => other?,
    }
    let mut changed: Vec<(&File, &Fixed)> =
        inputs.iter().zip(&fixed).filter(|(_, fixed)| fixed.before != fixed.after).collect();
    if args.write {
        changed
            .retain(|(file, fixed)| files::write(file, fixed).map_err(|error| failed.push(error.to_string())).is_ok());
    }
    // Where stderr is gone the exit code still tells.
    let _ = io::stderr().write_all(report(args, &fixed, changed.len(), &failed).as_bytes());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILURE) })
}

/// Prints what was added where, what failed, and a line that sums up.
fn report(args: &Args, fixed: &[Fixed], changed: usize, failed: &[String]) -> String {
    let mut text = String::new();
    for file in fixed {
        for change in &file.changes {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}: {}: {} ({})", file.name, change.object, change.path, change.mutation);
        }
    }
    for message in failed {
        let _ = writeln!(text, "podgate: {message}");
    }
    let verb = if args.write { "changed" } else { "to change" };
    let of = counted(fixed.len(), "file", "files");
    let _ = writeln!(text, "{changed} of {of} {verb}");
    text
}

fn diff(fixed: &[Fixed]) -> String {
    let mut text = String::new();
    for file in fixed.iter().filter(|file| file.before != file.after) {
        let name = file.name.trim_start_matches('/');
        let mut options = DiffOptions::new();
        options.set_original_filename(format!("a/{name}")).set_modified_filename(format!("b/{name}"));
        text.push_str(&options.create_patch(&file.before, &file.after).to_string());
    }
    text
}

/// The one file as it shall be; several as one stream of documents, each under its name.
fn whole(fixed: &[Fixed]) -> String {
    if let [only] = fixed {
        return only.after.clone();
    }
    let mut text = String::new();
    for file in fixed {
        let _ = writeln!(text, "---\n# Source: {}", file.name);
        text.push_str(&file.after);
        if !file.after.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}
