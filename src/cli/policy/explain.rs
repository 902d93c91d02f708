//! `podgate policy explain`: what a policy says about one kind of object, and why.

use std::{collections::BTreeMap, fmt::Write, path::PathBuf, process::ExitCode};

use anyhow::anyhow;

use crate::{
    cli::output::print,
    model::{Map, Operation, Subject, Workload, selection::Pods, workload::WORKLOADS},
    policy::{Engine, load, settings::InForce, suggest::did_you_mean},
    rules::{Level, RULES, Rule},
};

/// Print the level of every rule for an object, and why it is so
///
/// Where a scope depends on labels of the namespace that are not given, the strictest of what may apply is shown, as it is
/// what counts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy file
    file: PathBuf,

    /// The object's namespace
    #[arg(long)]
    namespace: String,

    /// The object's kind, such as Pod, Deployment or StatefulSet.apps.kruise.io
    #[arg(long, default_value = "Pod")]
    kind: String,

    /// Labels of the Pods: key=value, several by comma
    #[arg(long, value_name = "LABELS", value_delimiter = ',', value_parser = label)]
    labels: Vec<(String, String)>,

    /// Labels of the namespace: key=value, several by comma; without this option they are not known
    #[arg(long, value_name = "LABELS", value_delimiter = ',', value_parser = label, num_args = 0..)]
    namespace_labels: Option<Vec<(String, String)>>,

    /// What is done to the object
    #[arg(long, value_parser = operation, default_value = "CREATE")]
    operation: Operation,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn operation(word: &str) -> Result<Operation, String> {
    let known = Operation::parse(&word.to_uppercase()).filter(|operation| *operation != Operation::Connect);
    known.ok_or_else(|| "expected CREATE, UPDATE or DELETE".to_owned())
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let engine = Engine::new(&load(&args.file)?);
    let workload = kind(&args.kind)?;
    let labels: BTreeMap<&str, &str> = args.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let labels = serde_json::to_string(&labels)?;
    let labels: Map<'_> = serde_json::from_str(&labels)?;
    let namespace_labels: Option<BTreeMap<String, String>> =
        args.namespace_labels.as_ref().map(|labels| labels.iter().cloned().collect());
    let subject = Subject {
        namespace: &args.namespace,
        namespace_labels: namespace_labels.as_ref(),
        pods: Pods::Labelled(&labels),
    };
    print(&explanation(&engine, args.operation, workload, &subject))?;
    Ok(ExitCode::SUCCESS)
}

/// A kind of the table: by name, where several have it the first, or by name and group.
fn kind(name: &str) -> anyhow::Result<&'static Workload> {
    let (kind, group) = name.split_once('.').unwrap_or((name, ""));
    let fits = |row: &&Workload| row.kind == kind && (group.is_empty() || row.group == group);
    WORKLOADS.iter().find(fits).ok_or_else(|| {
        let hint = did_you_mean(kind, WORKLOADS.iter().map(|row| row.kind));
        anyhow!("kind \"{name}\" is not judged{hint}")
    })
}

fn explanation(engine: &Engine, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> String {
    let mut text = format!("{} of a {} in namespace {}\n", operation.as_str(), workload.kind, subject.namespace);
    if engine.exempts_namespace(subject.namespace) {
        text.push_str("The namespace is exempt (spec.exemptions.namespaces): nothing is judged or added.\n");
        return text;
    }
    let spec = &engine.policy().spec;
    let scopes = engine.scopes(operation, workload, subject);
    let name = |scope: Option<usize>| match scope.and_then(|index| Some((index, spec.scopes.get(index)?))) {
        Some((index, scope)) => format!("scope {} (spec.scopes[{index}])", scope.name),
        None => "no scope".to_owned(),
    };
    let names: Vec<String> = scopes.iter().map(|scope| name(*scope)).collect();
    // Writing to a String cannot fail.
    let _ = match names.as_slice() {
        [one] => writeln!(text, "Selected by {one}"),
        several => writeln!(
            text,
            "Selected by one of {}: the labels of the namespace are not known, and the strictest counts",
            several.join(", ")
        ),
    };
    let _ = writeln!(text, "\n{:5}  {:36}  WHY", "LEVEL", "RULE");
    for rule in RULES {
        let of = |scope: &Option<usize>| {
            let in_force = InForce::of(spec, scope.and_then(|index| spec.scopes.get(index)), rule);
            (in_force.levels.of(rule.level), in_force, *scope)
        };
        let strictest = scopes.iter().map(of).reduce(|one, other| if other.0 > one.0 { other } else { one });
        if let Some((level, in_force, scope)) = strictest {
            let of = if names.len() > 1 { format!(", {}", name(scope)) } else { String::new() };
            let _ = writeln!(text, "{:5}  {:36}  {}{of}", level, rule.id, why(rule, level, &in_force));
        }
    }
    text
}

fn why(rule: &Rule, level: Level, in_force: &InForce) -> String {
    let moved = if level == rule.level { String::new() } else { format!(", its own is {}", rule.level) };
    let options = in_force.options.iter().map(|(name, value)| format!("; {name}: {value}")).collect::<String>();
    format!("{}{moved}{options}", in_force.from)
}
