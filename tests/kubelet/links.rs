//! What ties rules and scenarios together. Needs no kubelet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use libtest_mimic::Trial;
use podgate_engine::rules::RULES;

use crate::scenario::{self, Scenario};

/// How a rule's page names a scenario, among its references.
const MARK: &str = "- Kubelet scenario: `";

/// The rules that no scenario shows anything of, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("init-container-probe", REFUSED),
    ("init-container-lifecycle-hook", REFUSED),
    ("init-container-field-change", REFUSED),
    ("orphan-init-volume", FILES),
    ("host-port-conflict", "the node's port is taken by the network plugin, which a scripted runtime has not"),
    ("duplicate-port-name", "what a Service's port stands for is decided by the EndpointSlice controller"),
    ("service-port-unresolved", "what a Service's port stands for is decided by the EndpointSlice controller"),
    ("host-network-port-mismatch", REFUSED),
    ("invalid-port", REFUSED),
    ("invalid-probe", REFUSED),
    ("invalid-restart-policy", REFUSED),
    ("restart-policy-not-allowed", REFUSED),
    ("invalid-container-restart-policy", REFUSED),
    ("selector-mismatch", REFUSED),
    ("image-drifts", "scripted containers have no images, and one node is not enough to show it"),
    ("grace-too-long", "how long a drain waits is decided by whoever drains the node"),
    ("pod-field-change", REFUSED),
    ("gated-with-node-name", REFUSED),
    ("scheduling-gate-added", REFUSED),
    ("invalid-scheduling-gate", REFUSED),
    ("invalid-wait-for", GATES),
    ("wait-for-unknown-target", GATES),
    ("wait-for-circle", GATES),
    ("invalid-disruption-budget", REFUSED),
    ("invalid-update-strategy", REFUSED),
    ("no-spread", ONE_NODE),
    ("spread-without-effect", ONE_NODE),
    ("spread-counts-old-pods", ONE_NODE),
    ("pinned-to-host", ONE_NODE),
    ("stateful-service-missing", "names in the DNS are given by the cluster's DNS server, of which the suite has none"),
    ("missing-requests", MEMORY),
    ("missing-memory-limit", MEMORY),
    ("invalid-quantity", REFUSED),
    ("implausible-quantity", MEMORY),
    ("request-exceeds-limit", REFUSED),
    ("invalid-resize-policy", REFUSED),
    ("pod-resources-inconsistent", REFUSED),
    ("undeclared-resource-claim", REFUSED),
    (
        "unused-resource-claim",
        "devices are allocated by the scheduler and prepared by a driver, which the suite has not",
    ),
    ("stateful-empty-dir", FILES),
    ("unbounded-memory-volume", MEMORY),
    ("undeclared-volume", REFUSED),
    ("field-not-in-version", "it speaks of other versions of Kubernetes than the one that runs here"),
    ("invalid-hook", REFUSED),
    ("unknown-field", "the API server drops the field, so that no kubelet sees it"),
    ("autoscaler-without-effect", METRICS),
    ("replicas-reset-autoscaler", METRICS),
    ("one-node-volume-rollout", "volumes are attached by a storage driver, of which the suite has none"),
    ("disruption-spends-backoff", "a drain of the only node would end the other scenarios"),
    ("invalid-schedule", REFUSED),
    ("kill-stop-signal", "the API server drops stopSignal, whose feature gate is off by default"),
];

const REFUSED: &str = "the API server refuses the object, so that it never gets to a kubelet";
const GATES: &str = "who removes the gate is podgate, and the kubelet sees a Pod only then";
const ONE_NODE: &str = "where Pods go is decided by the scheduler, and one node is not enough to show it";
const METRICS: &str = "scripted containers have no metrics, by which an autoscaler could scale";
const FILES: &str = "scripted containers have no files";
const MEMORY: &str = "scripted containers use no memory, so that nothing is evicted or killed for it";

/// Where the table is.
const TABLE: &str = "docs/kubelet.md";

pub fn tests() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("links::{name}"), move || {
            body();
            Ok(())
        })
    };
    vec![
        test("scenarios_are_complete", scenarios_are_complete),
        test("every_rule_has_a_scenario_or_a_reason", every_rule_has_a_scenario_or_a_reason),
        test("the_table_is_current", the_table_is_current),
    ]
}

fn scenarios_are_complete() {
    let mut names = BTreeSet::new();
    for Scenario { name, claim, objects, steps, .. } in scenario::all() {
        assert!(claim.ends_with('.'), "{name}: the claim is a sentence: {claim:?}");
        assert!(!objects.is_empty() && !steps.is_empty(), "{name} has no objects or nothing to be seen");
        assert!(names.insert(name.clone()), "there are two scenarios {name}");
    }
}

fn every_rule_has_a_scenario_or_a_reason() {
    let scenarios: BTreeSet<String> = scenario::all().into_iter().map(|scenario| scenario.name).collect();
    let without: BTreeMap<&str, &str> = WITHOUT.iter().copied().collect();
    for rule in RULES {
        let named = scenarios_of(rule.page);
        for name in &named {
            assert!(scenarios.contains(name), "rule {} names a scenario that is not there: {name}", rule.id);
        }
        let has_reason = without.contains_key(rule.id);
        assert!(
            named.is_empty() == has_reason,
            "rule {} has to name a scenario in its references (`{MARK}<file>/<heading>`), or have a reason in \
             tests/kubelet/links.rs, and not both",
            rule.id
        );
    }
    for id in without.keys() {
        assert!(
            RULES.iter().any(|rule| rule.id == *id),
            "tests/kubelet/links.rs has a reason for {id}, which is no rule"
        );
    }
}

fn the_table_is_current() {
    let path = crate::tree::root().join(TABLE);
    let table = table();
    if fs::read_to_string(&path).is_ok_and(|there| there == table) {
        return;
    }
    assert!(std::env::var_os("UPDATE").is_some(), "{TABLE} is not what the scenarios say: run UPDATE=1 cargo test");
    fs::write(path, table).unwrap();
}

/// The files of the repository, as pages of the site lead to them.
const REPOSITORY: &str = "https://github.com/podgate-example/podgate/blob/main";

/// The names of scenarios in the page of a rule's source.
fn scenarios_of(page: &str) -> Vec<String> {
    let named = page.lines().filter_map(|line| line.strip_prefix(MARK)?.strip_suffix('`'));
    named.map(str::to_owned).collect()
}

fn table() -> String {
    let scenarios = scenario::all();
    let mut rules: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for rule in RULES {
        for name in scenarios_of(rule.page) {
            rules.entry(name).or_default().push(rule.id);
        }
    }
    let mut text = format!(
        "# What a real kubelet does\n\n\
         {} claims about the life of Pods, each seen on the kubelet of the Kubernetes release that\n\
         [tests/cluster/assets]({REPOSITORY}/tests/cluster/assets/README.md) pins: `tests/kubelet/run` plays them, and fails where the\n\
         kubelet does anything else. [tests/kubelet]({REPOSITORY}/tests/kubelet/README.md) says how.\n\n\
         Generated from the scenarios; `UPDATE=1 cargo test` writes it.\n",
        scenarios.len()
    );
    let mut topic = "";
    for Scenario { name, claim, .. } in &scenarios {
        let (file, heading) = name.split_once('/').unwrap();
        if file != topic {
            topic = file;
            text += &format!("\n## {file}\n\n| claim | scenario | rules |\n|---|---|---|\n");
        }
        let rules = rules.get(name).map_or(&[][..], Vec::as_slice);
        let rules: Vec<String> = rules.iter().map(|id| format!("[`{id}`](rules/{id}.md)")).collect();
        let link = format!("[{heading}]({REPOSITORY}/tests/kubelet/scenarios/{file}.md#{heading})");
        text += &format!("| {claim} | {link} | {} |\n", rules.join(", "));
    }
    text += "\n## Rules without a scenario\n\n| rule | why |\n|---|---|\n";
    for (id, reason) in WITHOUT {
        text += &format!("| [`{id}`](rules/{id}.md) | {reason} |\n");
    }
    text
}
