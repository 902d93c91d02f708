//! `check --render`: charts and kustomizations made into manifests by the tools that make them for a cluster.

use std::{
    collections::HashSet,
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use podgate_manifests::{
    Input, Outcome, Problem,
    render::{Source, SourceKind, relocate, settle, sources},
};
use rayon::prelude::*;
use thiserror::Error;

use crate::files::File;

/// Tells how long a tool may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Tells how often a tool is asked whether it has finished.
const PATIENCE: Duration = Duration::from_millis(5);
/// Tells how much of what a tool prints is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Tells why something was not rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// There is no such tool.
    #[error("--render needs {tools} in PATH")]
    NoTool {
        /// The tools that would do.
        tools: &'static str,
    },
    /// It cannot be started, or its output cannot be read.
    #[error("{command}: {cause}")]
    Io {
        /// The command line.
        command: String,
        /// Tells why.
        cause: std::io::Error,
    },
    /// It took too long.
    #[error("{command}: has not finished after {} s", TIME_LIMIT.as_secs())]
    TooLong {
        /// The command line.
        command: String,
    },
    /// It says that something is wrong.
    #[error("{command}: {status}: {said}")]
    Failed {
        /// The command line.
        command: String,
        /// Tells how it ended.
        status: ExitStatus,
        /// Holds what it printed, the end of it.
        said: String,
    },
    /// It printed no text, or too much.
    #[error("{command}: prints more than {} MiB, or no UTF-8", MAX_BYTES / 1024 / 1024)]
    NoText {
        /// The command line.
        command: String,
    },
}

/// Holds what was rendered.
#[derive(Debug, Default)]
pub struct Rendered {
    made: Vec<(Source, String)>,
    /// Holds what of the run is judged: what was rendered, and what goes into nothing that was.
    pub files: Vec<File>,
    /// Holds what was not rendered, and why.
    pub problems: Vec<Problem>,
}

/// Renders what can be of `files`. What stands `around` them tells what they are; `folder` is where their names lead from.
pub fn render(folder: &str, files: Vec<File>, around: &[File]) -> Rendered {
    let sources = sources(folder, &files, around);
    let outcomes: Vec<Result<String, RenderError>> = sources.par_iter().map(made_by_tool).collect();
    let mut rendered = Rendered::default();
    let mut used = HashSet::new();
    let mut texts = Vec::new();
    for (source, outcome) in sources.into_iter().zip(outcomes) {
        match outcome {
            Ok(text) => {
                used.extend(source.parts.iter().cloned());
                texts.push(File::rendered(&source.file, text.clone()));
                rendered.made.push((source, text));
            }
            Err(error) => rendered.problems.push(Problem::of(&source.file, None, &error.to_string())),
        }
    }
    rendered.files = files.into_iter().filter(|file| !used.contains(&file.name)).chain(texts).collect();
    rendered
}

impl Rendered {
    /// Gives findings in what was rendered the places in the sources that they come from; `files` are all of the run.
    pub fn relocate(&self, outcome: &mut Outcome, files: &[File]) {
        for (source, text) in &self.made {
            let parts: HashSet<&str> = source.parts.iter().map(String::as_str).collect();
            let order = |name: &str| source.parts.iter().position(|part| part == name);
            let inputs = files.iter().filter(|file| parts.contains(file.name.as_str()));
            let mut texts: Vec<(String, String)> =
                inputs.filter_map(|file| Some((file.name.clone(), file.read().ok()?))).collect();
            texts.sort_by_key(|(name, _)| order(name));
            relocate(outcome, source, text, &texts);
        }
        settle(outcome);
    }
}

fn made_by_tool(source: &Source) -> Result<String, RenderError> {
    let folder = if source.folder.starts_with('-') { format!("./{}", source.folder) } else { source.folder.clone() };
    match source.kind {
        SourceKind::Chart => {
            let name = source.folder.rsplit('/').next().filter(|name| *name != ".").unwrap_or("release");
            run("helm", &["template", name, &folder])?.ok_or(RenderError::NoTool { tools: "helm" })
        }
        SourceKind::Kustomization { inflates_charts } => {
            // Only where it names charts itself: they are what kustomize fetches.
            let with_charts: &[&str] = if inflates_charts { &["--enable-helm"] } else { &[] };
            let by = |tool, command: &str| run(tool, &[&[command, folder.as_str()], with_charts].concat());
            match by("kustomize", "build")? {
                Some(text) => Ok(text),
                None => by("kubectl", "kustomize")?.ok_or(RenderError::NoTool { tools: "kustomize or kubectl" }),
            }
        }
    }
}

/// Runs a tool and returns what it prints; `None` where there is no such tool.
fn run(tool: &str, args: &[&str]) -> Result<Option<String>, RenderError> {
    let command = format!("{tool} {}", args.join(" "));
    let failed = |cause| RenderError::Io { command: command.clone(), cause };
    let started =
        Command::new(tool).args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(cause)),
    };
    // Whoever reads the one only would let the tool wait at the other.
    let printed = [read_all(child.stdout.take()), read_all(child.stderr.take())];
    let Some(status) = wait(&mut child).map_err(failed)? else {
        return Err(RenderError::TooLong { command });
    };
    let [text, said] = printed.map(|reader| reader.join().unwrap_or_default());
    if !status.success() {
        let said = String::from_utf8_lossy(&said);
        // kustomize begins with what it finds old-fashioned.
        let errors = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# Warning"));
        return Err(RenderError::Failed { command, status, said: errors.collect::<Vec<_>>().join(" ") });
    }
    if text.len() as u64 > MAX_BYTES {
        return Err(RenderError::NoText { command });
    }
    String::from_utf8(text).map(Some).map_err(|_| RenderError::NoText { command })
}

fn read_all(from: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is better than nothing.
        let _ = from.map(|from| from.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        bytes
    })
}

/// Waits for a tool to end; `None` where it has been ended because it took too long.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() > TIME_LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PATIENCE);
    }
}
