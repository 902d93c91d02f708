//! `podgate audit`: what is wrong in a cluster that runs, and what would be refused.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow, bail};

use super::{
    asked_cluster::AskedCluster,
    fail_on::FailOn,
    output::{print, write_file},
};
use crate::cluster::{self, AuditScope};
use podgate_audit::{
    Audit,
    output::{html, json, report, report::ReportApi, sarif, text},
    since::{Earlier, compare},
};
use podgate_engine::{policy::Engine, rules::Level};

/// Judge what runs in a cluster
///
/// Asks the cluster of the kubeconfig, or the one that it runs in; reads only. A Deployment, its ReplicaSets and its Pods are one
/// object here. Says of each whether it would be refused if it were created now, and what its Pods' status tells. Exit code 0 if
/// nothing is found at or above --fail-on (with --since: nothing new), 1 if something is, 2 if the cluster cannot be asked.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    cluster: AskedCluster,

    /// Form of the output
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,

    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Least level that makes the exit code 1
    #[arg(long, value_enum, default_value = "never", value_name = "LEVEL")]
    fail_on: FailOn,

    /// Print findings of level audit too, which are only counted otherwise
    #[arg(long)]
    all: bool,

    /// Compare with this report of an earlier run (--format json): tell what is new, and what is mended
    #[arg(long, value_name = "REPORT.json")]
    since: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// JSON
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// A page that needs nothing else
    Html,
    /// Report objects of openreports.io/v1alpha1, a List
    Openreports,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.since.is_some() && !matches!(args.format, Format::Text | Format::Json) {
        bail!("--since compares as text or json; give --format text or --format json");
    }
    // Before the cluster is asked: a file that cannot be read is told of at once.
    let earlier = args.since.as_ref().map(|file| {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        // Its errors are words that go after the name.
        Earlier::read(&text).map_err(|cause| anyhow!("{} {cause}", file.display()))
    });
    let earlier = earlier.transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let (audit, engine) = runtime.block_on(ask(args))?;
    let (text, worst) = match &earlier {
        Some(earlier) => {
            let comparison = compare(earlier, &audit);
            let text = if args.format == Format::Json { comparison.json() } else { comparison.text() };
            (text, comparison.worst_new())
        }
        None => (written(args, &audit, &engine)?, worst(&audit)),
    };
    match &args.output {
        Some(file) => write_file(file, &text)?,
        None => print(&text)?,
    }
    let fails = args.fail_on.level().is_some_and(|least| worst.is_some_and(|worst| worst >= least));
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the highest level of all findings.
fn worst(audit: &Audit) -> Option<Level> {
    audit.objects.iter().flat_map(|object| &object.found).map(|found| found.level).max()
}

fn written(args: &Args, audit: &Audit, engine: &Engine) -> anyhow::Result<String> {
    Ok(match args.format {
        Format::Text => text::write(audit, args.all),
        Format::Json => json::write(audit),
        Format::Sarif => sarif::write(audit),
        Format::Html => html::write(audit, engine, html::Limits::default()).context("cannot draw the page")?,
        Format::Openreports => {
            let items = report::reports(audit, ReportApi::OpenReports);
            format!("{:#}\n", serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}))
        }
    })
}

async fn ask(args: &Args) -> anyhow::Result<(Audit, Engine)> {
    let client = args.cluster.connect().await?;
    let (engine, policy) = args.cluster.engine(&client).await?;
    let scope = AuditScope {
        namespace: args.cluster.namespace.clone(),
        cluster: args.cluster.context.clone().unwrap_or_else(cluster::current_context),
        policy,
    };
    let (audit, _) = cluster::audit_cluster(&client, &engine, &scope).await?;
    Ok((audit, engine))
}
