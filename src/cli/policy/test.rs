//! `podgate policy test`: cases in Markdown, judged under a policy.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};

use crate::cli::output::{FAILURE, print};
use crate::files::load_policy;
use podgate_engine::{
    policy::{
        Engine, LifecyclePolicy,
        cases::{self, Case, CaseError, Unread},
    },
    syntax::text::counted,
};

/// Test a policy with cases written as Markdown
///
/// A heading names a case; every object in a yaml block under it is judged, and findings have to stand exactly on the lines
/// marked `# finding: <rule>`. docs/policy.md says what else a case may have.
///
/// What cannot be read or judged is told with its file, line and heading, and the other cases are judged all the same. Exit code 0
/// if all cases hold, 1 if one does not, 2 if one cannot be judged or there is none.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Markdown files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Policy of the cases that give none; without it the standard profile
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Results of the cases.
#[derive(Debug, Default)]
struct Outcome {
    text: String,
    passed: usize,
    failed: usize,
    errors: usize,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let policy = args.policy.as_deref().map(load_policy).transpose()?.unwrap_or_default();
    let mut files = Vec::new();
    for path in &args.paths {
        collect(path, &mut files)?;
    }
    let mut outcome = Outcome::default();
    for file in &files {
        let name = file.display().to_string();
        match fs::read_to_string(file) {
            Ok(text) => outcome.file(&name, &text, &policy),
            Err(cause) => outcome.not_judged(&format!("{name}: cannot be read: {cause}"), ""),
        }
    }
    let Outcome { text, passed, failed, errors } = outcome;
    if passed + failed + errors == 0 {
        let files = counted(files.len(), "Markdown file", "Markdown files");
        bail!("no case in {files}: a case is a block that begins with a line ```yaml and ends with a line ```");
    }
    let cases = counted(passed + failed + errors, "case", "cases");
    print(&format!("{text}{cases}: {passed} passed, {failed} failed, {errors} not judged\n"))?;
    Ok(match (errors, failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(FAILURE),
    })
}

/// The Markdown files of a folder and those below it, by name; a file is taken whatever it is called.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let failed = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).with_context(failed)? {
        entries.push(entry.with_context(failed)?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // A link to a folder is not followed: it may lead back here.
        if entry.file_type().with_context(failed)?.is_dir() {
            collect(&entry.path(), files)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "md") {
            files.push(entry.path());
        }
    }
    Ok(())
}

impl Outcome {
    fn file(&mut self, name: &str, text: &str, policy: &LifecyclePolicy) {
        for case in cases::read(text) {
            match case {
                Ok(case) => self.case(name, &case, policy),
                Err(Unread { heading, error }) => self.not_judged(&format!("{name}:{error}"), &heading),
            }
        }
    }

    fn case(&mut self, file: &str, case: &Case, policy: &LifecyclePolicy) {
        match difference(case, policy) {
            Ok(None) => self.passed += 1,
            Ok(Some(difference)) => {
                self.failed += 1;
                let _ = writeln!(self.text, "FAILED {file}:{}: {}\n{difference}", case.yaml.line, case.heading);
            }
            Err(error) => self.not_judged(&format!("{file}:{error}"), &case.heading),
        }
    }

    /// Adds what cannot be read or judged; `heading` is empty where none stands above it.
    fn not_judged(&mut self, what: &str, heading: &str) {
        self.errors += 1;
        let under = if heading.is_empty() { String::new() } else { format!("  under the heading \"{heading}\"\n") };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "NOT JUDGED {what}\n{under}");
    }
}

/// The lines on which something else is found than marked, with what is (`+`) and what is not (`-`); `None` if there are none.
fn difference(case: &Case, policy: &LifecyclePolicy) -> Result<Option<String>, CaseError> {
    let own = case.policy().transpose()?;
    let judged = case.judge(&Engine::new(own.as_ref().unwrap_or(policy)))?;
    // Of an update or a special request nothing may be left to judge; a kind that is not known is a slip.
    if judged.objects == 0 && case.old.is_none() && case.request.is_none() {
        let message = "nothing here is judged: no object of a kind that podgate knows".to_owned();
        return Err(CaseError { line: case.yaml.line, message });
    }
    let (missing, unexpected) = case.compare(&judged.found)?;
    let mut text = String::new();
    for (index, line) in case.yaml.text.lines().enumerate() {
        let number = index + 1;
        let missing = missing.iter().filter(|mark| mark.line == number);
        let missing = missing.map(|mark| mark.text.as_deref().unwrap_or("any finding").to_owned());
        let unexpected = unexpected.iter().filter(|found| found.line == number).map(|found| found.text());
        let changes: Vec<(char, String)> =
            missing.map(|text| ('-', text)).chain(unexpected.map(|text| ('+', text))).collect();
        if !changes.is_empty() {
            let _ = writeln!(text, "  {:4} | {line}", case.yaml.line + index);
        }
        for (sign, change) in changes {
            let _ = writeln!(text, "     {sign} | {change}");
        }
    }
    Ok((!text.is_empty()).then_some(text))
}
