//! `podgate gates`: what waits for what in a cluster.

use std::{collections::BTreeSet, fmt::Write as _, process::ExitCode, time::Duration};

use anyhow::{Context, anyhow};

use super::{asked_cluster::AskedCluster, gates_json::Document, output::print};
use crate::cluster::{self, AwaitedTarget, Overview, Owner, WaitingPods};
use podgate_engine::syntax::text::counted;
use podgate_manifests::timeline::show_time;

/// Limits how many owners stand one below the other: what is deeper stands at the top, too.
const MAX_DEPTH: usize = 16;

/// List the Pods of a cluster that wait behind gates of podgate's, what they wait for, and circles
///
/// Asks the cluster of the kubeconfig, or the one that it runs in. Under each workload stands what its Pods wait for, and under that
/// the workloads that are to bring it and wait themselves. Which gates are podgate's the policy says: --policy, or the one in force in
/// the cluster. Exit code 0, also where there are circles; 2 if the cluster cannot be asked.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    cluster: AskedCluster,

    /// Form of the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A tree
    Text,
    /// JSON
    Json,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let overview = runtime.block_on(ask(args))?;
    let text = match args.format {
        Format::Text => text(&overview),
        Format::Json => serde_json::to_string_pretty(&Document::of(&overview))? + "\n",
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn ask(args: &Args) -> anyhow::Result<Overview> {
    let client = args.cluster.connect().await?;
    let (engine, _) = args.cluster.engine(&client).await?;
    let overview = cluster::gates_overview(&client, &engine, args.cluster.namespace.as_deref()).await;
    overview.map_err(|cause| anyhow!("cannot ask the API server what waits: {}", cluster::unanswered(&cause)))
}

fn text(overview: &Overview) -> String {
    let mut tree = Tree { overview, out: String::new(), shown: BTreeSet::new(), above: Vec::new() };
    let behind: BTreeSet<&Owner> =
        overview.waiting.values().flat_map(|pods| &pods.targets).flat_map(|target| &target.behind).collect();
    let namespaces: BTreeSet<&str> = overview.waiting.keys().map(|owner| owner.namespace.as_str()).collect();
    for namespace in namespaces {
        let _ = writeln!(tree.out, "{namespace}");
        let here = || overview.waiting.iter().filter(|(owner, _)| owner.namespace == namespace);
        // Those that others wait for stand below these, unless that goes round in a circle.
        for (owner, pods) in here().filter(|(owner, _)| !behind.contains(owner)) {
            tree.owner("  ", "", owner, pods);
        }
        for (owner, pods) in here() {
            if !tree.shown.contains(owner) {
                tree.owner("  ", "", owner, pods);
            }
        }
    }
    let mut out = tree.out;
    for circle in &overview.circles {
        let names: Vec<String> = circle.iter().chain(circle.first()).map(name).collect();
        let namespace = circle.first().map(|owner| owner.namespace.as_str()).unwrap_or_default();
        let _ = writeln!(out, "circle in {namespace}: {}; none of them starts", names.join(" waits for "));
    }
    let pods: usize = overview.waiting.values().map(|pods| pods.count).sum();
    let _ = writeln!(out, "{}, {}", wait(pods), counted(overview.circles.len(), "circle", "circles"));
    for (gate, pods) in &overview.others {
        let _ = writeln!(out, "{} behind gate {gate}, which is not podgate's", wait(*pods));
    }
    out
}

/// Draws who waits for whom. Each owner is drawn with all below it once, and then by name.
struct Tree<'o> {
    overview: &'o Overview,
    out: String,
    shown: BTreeSet<&'o Owner>,
    /// The owners that stand above, from the top.
    above: Vec<&'o Owner>,
}

impl<'o> Tree<'o> {
    /// Draws an owner behind `mark`, and below it what its Pods wait for.
    fn owner(&mut self, indent: &str, mark: &str, owner: &'o Owner, pods: &'o WaitingPods) {
        let is_elsewhere = self.above.last().is_some_and(|above| above.namespace != owner.namespace);
        let shown = if is_elsewhere { format!("{}/{}", owner.namespace, name(owner)) } else { name(owner) };
        if self.above.contains(&owner) {
            let _ = writeln!(self.out, "{indent}{mark}{shown}, which stands above: a circle");
            return;
        }
        if self.above.len() >= MAX_DEPTH || !self.shown.insert(owner) {
            let _ = writeln!(self.out, "{indent}{mark}{shown}: see there");
            return;
        }
        let _ = writeln!(self.out, "{indent}{mark}{shown}: {}", waiting(pods));
        self.above.push(owner);
        self.targets(&format!("{indent}{}", if mark.is_empty() { "" } else { "   " }), pods);
        self.above.pop();
    }

    fn targets(&mut self, indent: &str, pods: &'o WaitingPods) {
        let problems = pods.problems.iter().map(|problem| (problem.clone(), None));
        let target = |target: &'o AwaitedTarget| {
            let lacks = target.lacks.as_deref().unwrap_or("is there");
            (format!("{}: {lacks}", target.name), Some(target))
        };
        let lines: Vec<(String, Option<&AwaitedTarget>)> = pods.targets.iter().map(target).chain(problems).collect();
        let last = lines.len().saturating_sub(1);
        for (index, (line, target)) in lines.into_iter().enumerate() {
            let (mark, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let _ = writeln!(self.out, "{indent}{mark}{line}");
            for owner in target.into_iter().flat_map(|target| &target.behind) {
                if let Some(pods) = self.overview.waiting.get(owner) {
                    self.owner(&format!("{indent}{below}"), "└─ ", owner, pods);
                }
            }
        }
    }
}

fn name(owner: &Owner) -> String {
    format!("{} {}", owner.kind, owner.name)
}

fn waiting(pods: &WaitingPods) -> String {
    let gates: Vec<&str> = pods.gates.iter().map(String::as_str).collect();
    let longest = show_time(Duration::from_secs(pods.longest.as_secs()));
    format!("{} at {} for {longest}", counted(pods.count, "Pod", "Pods"), gates.join(", "))
}

fn wait(pods: usize) -> String {
    counted(pods, "Pod waits", "Pods wait")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn owner(kind: &str, name: &str) -> Owner {
        Owner { namespace: "shop".to_owned(), kind: kind.to_owned(), name: name.to_owned() }
    }

    fn pods(count: usize, targets: &[(&str, Option<&str>, &[&Owner])]) -> WaitingPods {
        let target = |(name, lacks, behind): &(&str, Option<&str>, &[&Owner])| AwaitedTarget {
            name: (*name).to_owned(),
            lacks: lacks.map(ToOwned::to_owned),
            behind: behind.iter().copied().cloned().collect(),
        };
        WaitingPods {
            count,
            gates: BTreeSet::from(["podgate.dev/wait-for".to_owned()]),
            longest: Duration::from_millis(130_900),
            targets: targets.iter().map(target).collect(),
            problems: BTreeSet::new(),
        }
    }

    #[test]
    fn a_tree_of_what_waits_for_what() {
        let (web, db) = (owner("Deployment", "web"), owner("StatefulSet", "db"));
        let (a, b) = (owner("Deployment", "a"), owner("Deployment", "b"));
        let open = Some("0 of 1 endpoints ready");
        let waiting = BTreeMap::from([
            (web, pods(3, &[("job/migrate", None, &[]), ("service/db", open, &[&db])])),
            (db, pods(1, &[("secret/key", Some("does not exist"), &[])])),
            (a.clone(), pods(1, &[("service/b", open, &[&b])])),
            (b.clone(), pods(1, &[("deployment/a", Some("0 of 1 Pods are available"), &[&a])])),
        ]);
        let others = BTreeMap::from([("kueue.x-k8s.io/admission".to_owned(), 1)]);
        let overview = Overview { waiting, circles: vec![vec![a, b]], others };
        let expected = "\
shop
  Deployment web: 3 Pods at podgate.dev/wait-for for 2m10s
  ├─ job/migrate: is there
  └─ service/db: 0 of 1 endpoints ready
     └─ StatefulSet db: 1 Pod at podgate.dev/wait-for for 2m10s
        └─ secret/key: does not exist
  Deployment a: 1 Pod at podgate.dev/wait-for for 2m10s
  └─ service/b: 0 of 1 endpoints ready
     └─ Deployment b: 1 Pod at podgate.dev/wait-for for 2m10s
        └─ deployment/a: 0 of 1 Pods are available
           └─ Deployment a, which stands above: a circle
circle in shop: Deployment a waits for Deployment b waits for Deployment a; none of them starts
6 Pods wait, 1 circle
1 Pod waits behind gate kueue.x-k8s.io/admission, which is not podgate's
";
        assert_eq!(text(&overview), expected);
        let json = serde_json::to_value(Document::of(&overview)).unwrap();
        crate::cli::schema::hold::<Document<'_>>("docs/gates.schema.json", "Overview of podgate gates", &json, "/waiting/0/pods");
        assert_eq!(json["waiting"][2]["targets"][1]["behind"][0]["name"], "db");
        assert_eq!(json["circles"][0][1]["name"], "b");
    }
}
