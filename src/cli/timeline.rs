//! `podgate timeline`: the life of the Pods of a manifest as a picture.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};

use super::{
    number::whole,
    output::{no_color, print, write_file},
};
use crate::files::{self, load_policy};
use podgate_engine::policy::{Engine, LifecyclePolicy};
use podgate_manifests::{
    Check, Input, Text,
    timeline::{ContainerScript, Done, End, Fails, Life, ScenarioFile, Stop, Time, html, json, parse_time, svg, text},
};

/// The width of a picture where there is no terminal.
const WIDTH: usize = 80;

/// Draw the life of the Pods of a manifest
///
/// Shows which container runs when, from when it is ready at the earliest and at the latest, when a probe gives up, and what a stop
/// takes; for a workload also its rollout. What the manifest does not say is drawn as a time between two bounds; --scenario and the
/// flags say more. Where nothing says when it ends, a Pod that runs on is deleted some time after it is ready.
///
/// Exit code 0, or 2 if there is nothing to draw.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File or folder; - or none for standard input
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,

    /// Which object, where there are several: its kind and name, such as Deployment/web
    #[arg(long, value_name = "KIND/NAME")]
    object: Option<String>,

    /// How to draw
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,

    /// Where to write; - or none for standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Columns of the text [default: those of the terminal, else 80]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, None))]
    width: Option<usize>,

    /// What the containers do and what is done to the Pod: a YAML or JSON file; the flags add to it
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// Policy file [default: .podgate.yaml or podgate.yaml here or in a folder above, up to the one that holds .git; without any
    /// the standard profile is in force]
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Namespace of the objects that name none
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    namespace: String,

    /// How long a container takes until its probes succeed, such as app=20s; may be repeated
    #[arg(long, value_name = "CONTAINER=TIME", value_parser = starts_in)]
    starts_in: Vec<(String, Time)>,

    /// From and to when the probes of a container fail, such as app@60s or app@60s..90s; may be repeated
    #[arg(long, value_name = "CONTAINER@TIME[..TIME]", value_parser = fails)]
    fails: Vec<(String, Fails)>,

    /// With which code and when a container ends by itself, such as app=1@30s; may be repeated
    #[arg(long, value_name = "CONTAINER=CODE@TIME", value_parser = exits)]
    exits: Vec<(String, End)>,

    /// How long a container takes to end after its stop signal, such as app=5s; may be repeated
    #[arg(long, value_name = "CONTAINER=TIME", value_parser = starts_in)]
    stops_in: Vec<(String, Time)>,

    /// When the Pod is deleted; may be repeated
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    delete_at: Vec<Duration>,

    /// When the picture ends
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For terminals
    Text,
    /// A picture
    Svg,
    /// A page with the picture, what happens and what is found
    Html,
    /// For programs
    Json,
}

/// Splits `app=20s`.
fn split<'t>(text: &'t str, by: char, example: &str) -> Result<(&'t str, &'t str), String> {
    let parts = text.split_once(by).filter(|(name, value)| !name.is_empty() && !value.is_empty());
    parts.ok_or_else(|| format!("write a container and what it does, such as {example}"))
}

fn starts_in(text: &str) -> Result<(String, Time), String> {
    let (name, time) = split(text, '=', "app=20s")?;
    Ok((name.to_owned(), Time(parse_time(time)?)))
}

fn fails(text: &str) -> Result<(String, Fails), String> {
    let (name, times) = split(text, '@', "app@60s or app@60s..90s")?;
    let (from, to) = times.split_once("..").map_or((times, None), |(from, to)| (from, Some(to)));
    let to = to.map(parse_time).transpose()?.map(Time);
    Ok((name.to_owned(), Fails { from: Time(parse_time(from)?), to }))
}

fn exits(text: &str) -> Result<(String, End), String> {
    let example = "app=1@30s";
    let (name, end) = split(text, '=', example)?;
    let (code, at) = split(end, '@', example)?;
    let code = code.parse().map_err(|_| format!("\"{code}\" is no exit code: write a number from 0 to 255"))?;
    Ok((name.to_owned(), End { at: Some(Time(parse_time(at)?)), code, ..End::default() }))
}

impl Args {
    /// Returns the scenario of the file with what the flags add.
    fn scenario(&self) -> anyhow::Result<ScenarioFile> {
        let mut scenario = match &self.scenario {
            Some(file) => {
                let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                ScenarioFile::parse(&text, &file.display().to_string())?
            }
            None => ScenarioFile::default(),
        };
        let mut script = |name: &str, change: &dyn Fn(&mut ContainerScript)| {
            change(scenario.containers.entry(name.to_owned()).or_default());
        };
        for (name, time) in &self.starts_in {
            script(name, &|script| script.starts_in = Some(*time));
        }
        for (name, fails) in &self.fails {
            script(name, &|script| script.fails.push(fails.clone()));
        }
        for (name, end) in &self.exits {
            script(name, &|script| script.exits.push(end.clone()));
        }
        for (name, time) in &self.stops_in {
            script(name, &|script| script.stops = Some(Stop { after: *time, code: 0 }));
        }
        scenario.actions.extend(self.delete_at.iter().map(|at| Done::deletion(*at)));
        scenario.until = self.until.map(Time).or(scenario.until);
        Ok(scenario)
    }

    /// Returns the texts of the manifests, and of the files around them that tell what they are.
    fn texts(&self) -> anyhow::Result<[Vec<Text>; 2]> {
        let Some(path) = self.path.as_ref().filter(|path| *path != Path::new("-")) else {
            if io::stdin().is_terminal() && self.path.is_none() {
                bail!("no path given and nothing piped in; name a file or a folder");
            }
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            return Ok([vec![Text { name: "standard input".to_owned(), text }], Vec::new()]);
        };
        let found = files::find(std::slice::from_ref(path), &[])?;
        if let Some(problem) = found.problems.first() {
            bail!("{problem}");
        }
        let read = |file: &files::File| {
            let text = file.read().with_context(|| format!("cannot read {}", file.name()))?;
            Ok(Text { name: file.name().to_owned(), text })
        };
        let read = |files: &[files::File]| files.iter().map(read).collect::<anyhow::Result<_>>();
        Ok([read(&found.files)?, read(&found.around)?])
    }

    fn policy(&self) -> anyhow::Result<LifecyclePolicy> {
        let file = match &self.policy {
            Some(file) => Some(file.clone()),
            None => files::policy_above(&std::env::current_dir()?),
        };
        Ok(file.map(|file| load_policy(&file)).transpose()?.unwrap_or_default())
    }

    fn look(&self) -> text::Look {
        let is_terminal = self.output.is_none() && io::stdout().is_terminal();
        let terminal = if is_terminal { terminal_size::terminal_size() } else { None };
        let width = self.width.or(terminal.map(|(width, _)| usize::from(width.0))).unwrap_or(WIDTH);
        text::Look { width, is_coloured: is_terminal && !no_color() }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let scenario = args.scenario()?;
    let engine = Engine::new(&args.policy()?.for_files());
    let [texts, around] = args.texts()?;
    let (namespace, folder) = (&args.namespace, files::working_folder());
    let life =
        Life::of(&engine, &texts, namespace, args.object.as_deref(), &scenario).map_err(|error| anyhow!("{error}"))?;
    let check = Check { engine: &engine, namespace, old: &[], folder: &folder, around: &around };
    let life = life.with_findings_of(&check.run(&texts, &|_| {}));
    let written = match args.format {
        Format::Text => text::write(&life, args.look()),
        Format::Svg => svg::write(&life)?,
        Format::Html => html::write(&life)?,
        Format::Json => json::write(&life)?,
    };
    match args.output.as_ref().filter(|file| *file != Path::new("-")) {
        Some(file) => write_file(file, &written)?,
        None => print(&written)?,
    }
    Ok(ExitCode::SUCCESS)
}
