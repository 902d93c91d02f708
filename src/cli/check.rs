//! `podgate check`: manifests judged as the webhook would judge them.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};

use super::{
    formats::{Format, Outputs, Target},
    output::{FAILURE, is_broken_pipe},
    progress::Progress,
};
use crate::{
    files::{self, File, Found},
    render::{self, Rendered},
};
use podgate_engine::{
    policy::{Engine, LifecyclePolicy},
    rules::{Level, RULES},
};
use podgate_manifests::{
    Check, Outcome,
    output::{github, json, junit, sarif, text},
};

/// Judge manifests as the webhook would
///
/// Reads YAML and JSON: files, folders (*.yaml, *.yml and *.json in them, less what a .gitignore excludes), and standard
/// input, such as the output of helm template and kubectl kustomize. Rules about other objects (Services,
/// PodDisruptionBudgets, autoscalers) see what is deployed together: the objects of a kustomization, or of a folder that holds
/// none twice. Sources of charts, patches, releases and placeholders are counted and not judged.
///
/// Exit code 0 if nothing is found at or above --fail-on, 1 if something is, 2 if a manifest cannot be read or nothing was
/// judged.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    select: Select,

    #[command(flatten)]
    outputs: Outputs,

    /// Least level that makes the exit code 1
    #[arg(long, value_enum, default_value = "deny", value_name = "LEVEL")]
    fail_on: FailOn,

    /// Judge as updates of the objects in this file or folder; those that are not there are judged as new
    #[arg(long, value_name = "PATH")]
    old: Option<PathBuf>,

    /// Judge what Helm charts and kustomizations become: by helm template, and by kustomize build or kubectl kustomize, from PATH
    #[arg(long)]
    render: bool,

    /// Succeed where there is no Kubernetes object at all
    #[arg(long)]
    allow_empty: bool,

    /// Print no more than the findings at or above --fail-on
    #[arg(long, short)]
    quiet: bool,
}

/// Which objects are meant, and under which policy.
#[derive(Debug, clap::Args)]
pub(super) struct Select {
    /// Files and folders; - or none for standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Policy file; without one the standard profile is in force
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,

    /// Leave out what matches, as a line of a .gitignore in the working directory would; may be repeated
    #[arg(long, value_name = "GLOB")]
    ignore: Vec<String>,

    /// Namespace of the objects that name none
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    pub(super) namespace: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// What the webhook would refuse
    Deny,
    /// Warnings, too
    Warn,
    /// Everything
    Audit,
    /// Nothing
    Never,
}

impl FailOn {
    fn level(self) -> Option<Level> {
        match self {
            Self::Deny => Some(Level::Deny),
            Self::Warn => Some(Level::Warn),
            Self::Audit => Some(Level::Audit),
            Self::Never => None,
        }
    }
}

impl Select {
    /// The files that are meant, and what of them cannot be read.
    pub(super) fn inputs(&self) -> anyhow::Result<Found> {
        if self.paths.is_empty() {
            if io::stdin().is_terminal() {
                bail!("no path given and nothing piped in; name a file or a folder");
            }
            return Ok(Found { files: vec![File::stdin()], ..Found::default() });
        }
        let found = files::find(&self.paths, &self.ignore)?;
        for glob in &found.idle_globs {
            let rule = RULES.iter().any(|rule| rule.id == glob.trim_matches('/'));
            let hint = if rule {
                "; it is a rule, which a policy file turns off, or an annotation of the object ignores"
            } else {
                ""
            };
            // Where stderr is gone nobody need know.
            let _ = writeln!(io::stderr(), "podgate: note: --ignore {glob} matches nothing{hint}");
        }
        Ok(found)
    }

    fn said(&self) -> String {
        let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
        if paths.is_empty() { "standard input".to_owned() } else { paths.join(", ") }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let engine = without_guards(super::policy::engine(args.select.policy.as_deref())?);
    let Found { files: found, around, mut problems, .. } = args.select.inputs()?;
    let folder = files::working_folder();
    let mut rendered = Rendered::default();
    let mut inputs = found;
    let mut parts = Vec::new();
    if args.render {
        parts.clone_from(&inputs);
        rendered = render::render(&folder, inputs, &around);
        problems.append(&mut rendered.problems);
        inputs = std::mem::take(&mut rendered.files);
    }
    let old = match &args.old {
        Some(old) => {
            let found = files::find(std::slice::from_ref(old), &[])?;
            problems.extend(found.problems);
            found.files
        }
        None => Vec::new(),
    };
    let progress = Progress::new(inputs.len() * 2, args.quiet);
    let namespace = &args.select.namespace;
    let check = Check { engine: &engine, namespace, old: &old, folder: &folder, around: &around };
    let mut outcome = check.run(&inputs, &|done| progress.advance(done));
    progress.finish();
    if args.render {
        rendered.relocate(&mut outcome, &parts);
    }
    problems.append(&mut outcome.problems);
    outcome.problems = problems;
    write(args, &outcome)?;
    for problem in &outcome.problems {
        // Where stderr is gone the exit code still tells.
        let _ = writeln!(io::stderr(), "podgate: {problem}");
    }
    if !outcome.problems.is_empty() {
        return Ok(ExitCode::from(FAILURE));
    }
    if let Some(why) = nothing_judged(&outcome).filter(|_| !args.allow_empty) {
        let count = text::summary(&outcome);
        let count = count.split(':').next().unwrap_or_default();
        bail!("nothing was judged: {why} {} ({count}); --allow-empty lets that pass", args.select.said());
    }
    let fails = args.fail_on.level().is_some_and(|least| outcome.findings.iter().any(|finding| finding.level >= least));
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Says why nothing was judged, if so. Where there are objects, and none that has Pods or makes them, there is nothing to find.
fn nothing_judged(outcome: &Outcome) -> Option<String> {
    if outcome.judged > 0 {
        return None;
    }
    match outcome.reasons().first() {
        Some(line) => Some(format!("{line}, in")),
        None if outcome.objects == 0 => Some("no Kubernetes object in".to_owned()),
        None => None,
    }
}

/// Judges in the namespaces that are exempt by default, too: that they are is to keep a cluster from locking itself out, which
/// no manifest in a repository can do.
fn without_guards(engine: Engine) -> Engine {
    let mut policy = engine.policy().clone();
    if policy.spec.exemptions.namespaces != LifecyclePolicy::default().spec.exemptions.namespaces {
        return engine;
    }
    policy.spec.exemptions.namespaces.clear();
    Engine::new(&policy)
}

fn write(args: &Args, outcome: &Outcome) -> anyhow::Result<()> {
    for (format, target) in args.outputs.pairs() {
        let text = match format {
            Format::Text if args.quiet && args.fail_on == FailOn::Never => String::new(),
            Format::Text => text::write(outcome, look(args, target)),
            Format::Json => json::write(outcome)?,
            Format::Sarif => sarif::write(outcome),
            Format::Junit => junit::write(outcome, args.fail_on.level())?,
            Format::Github => github::write(outcome),
        };
        match target {
            Target::File(file) => {
                fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
            }
            // A reader that has seen enough changes nothing of what was found.
            Target::Stdout => match super::output::print(&text) {
                Err(cause) if is_broken_pipe(&cause) => {}
                other => other?,
            },
        }
    }
    Ok(())
}

fn look(args: &Args, target: Target<'_>) -> text::Look {
    let terminal = matches!(target, Target::Stdout) && io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let at_least = args.fail_on.level().filter(|_| args.quiet);
    text::Look { terminal, colour: terminal && !plain, at_least, quiet: args.quiet }
}
