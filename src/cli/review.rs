//! `podgate review`: one AdmissionReview in, one out.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};

use super::output::FAILURE;
use podgate_engine::admission::{Cluster, Decision, Mode, handle_within};

/// Answer one AdmissionReview as the webhook would
///
/// Prints the response AdmissionReview. Exit code 0 if it is allowed, 1 if denied, 2 if there is no decision.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File that holds the AdmissionReview, as JSON; - or none for standard input
    file: Option<PathBuf>,

    /// Answer as /mutate, not as /validate
    #[arg(long)]
    mutate: bool,

    /// Answer as podgate serve --open-gates does: gates are added that it removes
    #[arg(long, requires = "mutate")]
    open_gates: bool,

    /// Policy file; without one the standard profile is in force
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let engine = super::policy::engine(args.policy.as_deref())?;
    let body = read(args.file.as_deref())?;
    let mode = if args.mutate { Mode::Mutate } else { Mode::Validate };
    let cluster = Cluster { opens_gates: args.open_gates, ..Cluster::default() };
    let response = handle_within(&engine, cluster, mode, &body, &|| false);
    if let Some(error) = &response.record.error {
        let hint = if is_review(&body) { "" } else { "; podgate check judges manifests" };
        bail!("{error}{hint}");
    }
    let answer: serde_json::Value = serde_json::from_slice(&response.body)?;
    super::output::print(&format!("{answer:#}\n"))?;
    Ok(match response.record.decision {
        Decision::Allowed | Decision::Patched => ExitCode::SUCCESS,
        Decision::Denied => ExitCode::FAILURE,
        Decision::Error(_) => ExitCode::from(FAILURE),
    })
}

/// Returns whether the input was meant to be an AdmissionReview. Most that is not is a manifest.
fn is_review(body: &[u8]) -> bool {
    const KIND: &[u8] = b"AdmissionReview";
    body.windows(KIND.len()).any(|window| window == KIND)
}

fn read(file: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    match file.filter(|file| *file != Path::new("-")) {
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display())),
        None if io::stdin().is_terminal() => bail!("no file given and nothing piped in; try: podgate review FILE"),
        None => {
            let mut body = Vec::new();
            io::stdin().read_to_end(&mut body).context("cannot read standard input")?;
            Ok(body)
        }
    }
}
