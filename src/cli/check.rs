//! `podgate check`: manifests judged as the webhook would judge them.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use clap::builder::TypedValueParser;

use super::{
    fail_on::FailOn,
    formats::{Format, Outputs, Target},
    output::{FAILURE, is_broken_pipe, no_color, write_file},
    progress::Progress,
    rule_id::{self, RuleIds},
};
use crate::{
    files::{self, File, Found, load_policy},
    render::{self, Rendered},
};
use podgate_engine::{
    model::KubernetesVersion,
    policy::{Engine, LifecyclePolicy},
    rules::{Level, RULES, Rule},
    syntax::text::counted,
};
use podgate_manifests::{
    Baseline, Check, Outcome,
    output::{github, gitlab, json, junit, markdown, sarif, text},
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
#[allow(clippy::struct_excessive_bools, reason = "a flag of the command line is one")]
pub(super) struct Args {
    #[command(flatten)]
    input: Select,

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

    /// Print findings of level audit too, which are only counted otherwise
    #[arg(long)]
    all: bool,

    /// Print one line a finding
    #[arg(long)]
    concise: bool,

    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: Color,

    /// Judge by these rules only; may be repeated
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = RuleIds.try_map(|id| rule_id::find(&id)), hide_possible_values = true)]
    select: Vec<&'static Rule>,

    /// Leave out these rules; may be repeated
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = RuleIds.try_map(|id| rule_id::find(&id)), hide_possible_values = true)]
    skip: Vec<&'static Rule>,

    /// Version of Kubernetes that the objects are meant for, such as 1.34 [default: the policy's kubernetesVersion]
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<KubernetesVersion>,

    /// Leave out the findings in this file, which --write-baseline made
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write all findings to this file, to be left out by --baseline from now on
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    fn is_wanted(self, target: Target<'_>) -> bool {
        match self {
            Self::Auto => matches!(target, Target::Stdout) && io::stdout().is_terminal() && !no_color(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Which objects are meant, and under which policy.
#[derive(Debug, clap::Args)]
pub(super) struct Select {
    /// Files and folders; - or none for standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Policy file [default: .podgate.yaml or podgate.yaml here or in a folder above, up to the one that holds .git; without any
    /// the standard profile is in force]
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Leave out what matches, as a line of a .gitignore in the working directory would; may be repeated
    #[arg(long, value_name = "GLOB")]
    ignore: Vec<String>,

    /// Namespace of the objects that name none
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    pub(super) namespace: String,
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
            let hint = if rule { "; it is a rule: --skip leaves it out" } else { "" };
            // Where stderr is gone nobody need know.
            let _ = writeln!(io::stderr(), "podgate: note: --ignore {glob} matches nothing{hint}");
        }
        Ok(found)
    }

    /// Returns the policy: the one that is named, else the one that the folder has, which is said unless `is_quiet`.
    pub(super) fn policy(&self, is_quiet: bool) -> anyhow::Result<LifecyclePolicy> {
        if let Some(file) = &self.policy {
            return Ok(load_policy(file)?);
        }
        let Some(file) = files::policy_above(&std::env::current_dir()?) else { return Ok(LifecyclePolicy::default()) };
        let policy = load_policy(&file)?;
        if !is_quiet {
            let _ = writeln!(io::stderr(), "podgate: policy {}", file.display());
        }
        Ok(policy)
    }

    fn said(&self) -> String {
        let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
        if paths.is_empty() { "standard input, as no path was given".to_owned() } else { paths.join(", ") }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut policy = args.input.policy(args.quiet)?;
    policy.spec.kubernetes_version = args.kubernetes_version.or(policy.spec.kubernetes_version);
    let is_meant =
        |rule: &&&'static Rule| (args.select.is_empty() || args.select.contains(*rule)) && !args.skip.contains(*rule);
    let rules: Vec<&'static Rule> = RULES.iter().filter(is_meant).copied().collect();
    let engine = Engine::with_rules(&policy.for_files(), &rules);
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let Found { files: found, around, mut problems, .. } = args.input.inputs()?;
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
    let namespace = &args.input.namespace;
    let check = Check { engine: &engine, namespace, old: &old, folder: &folder, around: &around };
    let mut outcome = check.run(&inputs, &|done| progress.advance(done));
    progress.finish();
    if args.render {
        rendered.relocate(&mut outcome, &parts);
    }
    problems.append(&mut outcome.problems);
    outcome.problems = problems;
    if let Some(file) = &args.write_baseline {
        let text = Baseline::write(&outcome.findings)?;
        write_file(file, &text)?;
        // What is known from now on is known in this run.
        Baseline::read(&text)?.apply(&mut outcome);
    }
    let gone = baseline.map_or(0, |baseline| baseline.apply(&mut outcome));
    write(args, &outcome)?;
    if gone > 0 && !args.quiet {
        let gone = counted(gone, "finding of the baseline is", "findings of the baseline are");
        let _ = writeln!(io::stderr(), "podgate: {gone} there no more; --write-baseline takes them out");
    }
    for problem in &outcome.problems {
        // Where stderr is gone the exit code still tells.
        let _ = writeln!(io::stderr(), "podgate: {problem}");
    }
    if !outcome.problems.is_empty() {
        return Ok(ExitCode::from(FAILURE));
    }
    if let Some(why) = outcome.nothing_judged().filter(|_| !args.allow_empty) {
        let count = text::summary(&outcome);
        let count = count.split(':').next().unwrap_or_default();
        bail!("nothing was judged: {why} in {} ({count}); --allow-empty lets that pass", args.input.said());
    }
    let fails = args.fail_on.level().is_some_and(|least| outcome.findings.iter().any(|finding| finding.level >= least));
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read_baseline(file: &Path) -> anyhow::Result<Baseline> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the baseline {}", file.display()))?;
    Baseline::read(&text).map_err(|error| anyhow!("{} {error}", file.display()))
}

fn write(args: &Args, outcome: &Outcome) -> anyhow::Result<()> {
    for (format, target) in args.outputs.pairs() {
        let text = match format {
            Format::Text if args.quiet && args.fail_on == FailOn::Never => String::new(),
            Format::Text => text::write(outcome, look(args, target)),
            Format::Json => json::write(outcome)?,
            Format::Sarif => sarif::write(outcome),
            Format::Junit => junit::write(outcome, args.fail_on.level())?,
            Format::Github => {
                if let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) {
                    append(Path::new(&file), &markdown::write(outcome))?;
                }
                github::write(outcome)
            }
            Format::Gitlab => gitlab::write(outcome)?,
        };
        match target {
            Target::File(file) => write_file(file, &text)?,
            // A reader that has seen enough changes nothing of what was found.
            Target::Stdout => match super::output::print(&text) {
                Err(cause) if is_broken_pipe(&cause) => {}
                other => other?,
            },
        }
    }
    Ok(())
}

/// Adds `text` to the file that GitHub shows as the summary of a job's step.
fn append(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut summary = fs::OpenOptions::new().append(true).create(true).open(file)?;
    summary.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}

fn look(args: &Args, target: Target<'_>) -> text::Look {
    // What decides about the exit code is shown.
    let is_audit = args.all || args.fail_on == FailOn::Audit;
    let at_least = if args.quiet { args.fail_on.level() } else { is_audit.then_some(Level::Audit) };
    text::Look { is_coloured: args.color.is_wanted(target), at_least, is_concise: args.concise, is_quiet: args.quiet }
}
