//! `podgate policy explain`: what a policy says about one kind of object, and why.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::anyhow;

use crate::cli::output::print;
use crate::files::load_policy;
use podgate_engine::{
    model::{Operation, Subject, Workload, WorkloadTable, selection::Pods},
    policy::{
        Engine,
        config::{PolicySpec, Profile, Scope},
        controllers::ControllersLevel,
        label::{self, OFF, PROFILE_LABEL},
        settings::{InForce, Origin},
        suggest::did_you_mean,
    },
    rules::{Level, RULES, Rule, rule::Levels},
    syntax::Map,
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

/// Kinds that are named where one is not known: those of Kubernetes itself come first.
const FIRST_KINDS: usize = 7;

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn operation(word: &str) -> Result<Operation, String> {
    let known = Operation::parse(&word.to_uppercase()).filter(|operation| *operation != Operation::Connect);
    known.ok_or_else(|| "expected CREATE, UPDATE or DELETE".to_owned())
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let engine = Engine::new(&load_policy(&args.file)?);
    let workload = kind(engine.kinds(), &args.kind)?;
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
fn kind(kinds: &WorkloadTable, name: &str) -> anyhow::Result<&'static Workload> {
    let (kind, group) = name.split_once('.').unwrap_or((name, ""));
    let fits = |row: &&'static Workload| row.kind == kind && (group.is_empty() || row.group == group);
    kinds.rows().find(fits).ok_or_else(|| {
        let hint = did_you_mean(kind, kinds.rows().map(|row| row.kind));
        if !hint.is_empty() {
            return anyhow!("kind \"{name}\" is not judged{hint}");
        }
        let first: Vec<&str> = kinds.rows().map(|row| row.kind).take(FIRST_KINDS).collect();
        anyhow!("kind \"{name}\" is not judged; kinds are {} and others", first.join(", "))
    })
}

/// A part of the policy that decides.
#[derive(Clone, Copy)]
enum Part<'p> {
    Scope(usize, &'p Scope),
    Label(Profile),
    Rest,
}

impl Part<'_> {
    fn in_force(&self, spec: &PolicySpec, rule: &Rule) -> InForce {
        match self {
            Self::Scope(_, scope) => InForce::of(spec, Some(scope), rule),
            Self::Label(profile) => {
                let scope = Scope { profile: Some(*profile), ..Scope::default() };
                InForce::of(spec, Some(&scope), rule)
            }
            Self::Rest => InForce::of(spec, None, rule),
        }
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(index, scope) => write!(f, "scope {} (spec.scopes[{index}])", scope.name),
            Self::Label(profile) => {
                write!(f, "no scope, but the namespace's label {PROFILE_LABEL}: {}", profile.as_str())
            }
            Self::Rest => f.write_str("no scope"),
        }
    }
}

fn explanation(engine: &Engine, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> String {
    let mut text = format!("{} of a {} in namespace {}\n", operation.as_str(), workload.kind, subject.namespace);
    if engine.exempts_namespace(subject.namespace) {
        text.push_str("The namespace is exempt (spec.exemptions.namespaces): nothing is judged or added.\n");
        return text;
    }
    let spec = &engine.policy().spec;
    let label = subject.namespace_labels.and_then(|labels| labels.get(PROFILE_LABEL)).map(String::as_str);
    // Writing to a String cannot fail.
    match label {
        Some(OFF) if spec.namespace_labels => {
            let _ = writeln!(text, "The namespace has the label {PROFILE_LABEL}: {OFF}: nothing is judged or added.");
            return text;
        }
        Some(_) if !spec.namespace_labels => {
            let _ = writeln!(
                text,
                "The label {PROFILE_LABEL} has no effect: the policy does not ask for it (spec.namespaceLabels)"
            );
        }
        Some(value) => {
            if let Some(problem) = label::problem(value) {
                let _ = writeln!(text, "The label {PROFILE_LABEL} {problem}");
            }
        }
        None if spec.namespace_labels && subject.namespace_labels.is_none() => {
            let _ = writeln!(
                text,
                "The namespace's labels are not known (--namespace-labels), and {PROFILE_LABEL} may say otherwise"
            );
        }
        None => {}
    }
    let labelled = engine.labelled(subject.namespace_labels).map_or(Part::Rest, Part::Label);
    let part = |scope: Option<usize>| {
        scope
            .and_then(|index| Some((index, spec.scopes.get(index)?)))
            .map_or(labelled, |(index, scope)| Part::Scope(index, scope))
    };
    let parts: Vec<Part<'_>> = engine.scopes(operation, workload, subject).into_iter().map(part).collect();
    let names: Vec<String> = parts.iter().map(ToString::to_string).collect();
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
        let cases = rule.levels(workload);
        let usual = cases.first().map_or(rule.level, |case| case.level);
        for case in &cases {
            let of = |part| {
                let in_force = Part::in_force(part, spec, rule);
                (in_force.levels.of(case.level), in_force, part)
            };
            let strictest = parts.iter().map(of).reduce(|one, other| if other.0 > one.0 { other } else { one });
            let Some((level, in_force, part)) = strictest else { continue };
            if !case.when.is_empty() {
                // A level that is named, and one that comes to the same, holds for all cases.
                if level != in_force.levels.of(usual) {
                    let _ = writeln!(text, "{level:5}  {:36}  where {}", rule.id, case.when);
                }
                continue;
            }
            let of = if names.len() > 1 { format!(", {part}") } else { String::new() };
            let why = why(rule, case.level, level, &in_force, workload, *part);
            let _ = writeln!(text, "{level:5}  {:36}  {why}{of}", rule.id);
        }
    }
    text.push_str(&controllers(spec, operation, workload));
    text
}

fn why(rule: &Rule, own: Level, level: Level, in_force: &InForce, workload: &Workload, part: Part<'_>) -> String {
    let from = match (in_force.levels, part) {
        (Levels::Named(_), _) => in_force.from.to_string(),
        (Levels::Moved(_), _) if level == own && own == rule.level => Origin::Rule.to_string(),
        (Levels::Moved(_), _) if level == own => format!("the rule's own level for a {}", workload.kind),
        (Levels::Moved(_), Part::Label(profile)) => format!("the namespace's label {}", profile.as_str()),
        (Levels::Moved(_), Part::Scope(_, Scope { profile: Some(profile), .. })) => {
            Origin::ScopeProfile(*profile).to_string()
        }
        (Levels::Moved(_), _) => Origin::Profile(in_force.profile).to_string(),
    };
    let moved = if level == own { String::new() } else { format!(", its own is {own}") };
    let options = in_force.options.iter().map(|(name, value)| format!("; {name}: {value}")).collect::<String>();
    format!("{from}{moved}{options}")
}

/// Returns what else is to be known of an object that may have an owner.
fn controllers(spec: &PolicySpec, operation: Operation, workload: &Workload) -> String {
    let level = spec.controllers.level;
    let owned = workload.is_pod() || matches!(workload.kind, "ReplicaSet" | "Job");
    if operation == Operation::Delete || !owned || level == ControllersLevel::Deny || spec.controllers.users.is_empty()
    {
        return String::new();
    }
    format!(
        "\nWhere a controller (spec.controllers.users) creates it for an owner that is judged, no level is above {}.\n",
        level.as_str()
    )
}
