//! `docs/reference/metrics.md`: every metric with its type, labels and meaning, as `/metrics` says them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use super::{failure::Failure, gates::GateCount, metrics::Metrics};
use podgate_engine::{
    admission::{Controlled, Decision, Mode, Record},
    mutate::LeftOut,
    policy::exempt::Ending,
};

const FILE: &str = "docs/reference/metrics.md";

const HEAD: &str = "# Metrics

What `GET /metrics` of the admin port answers, as OpenMetrics. `manifests/monitoring` has what lets Prometheus scrape it,
[alerts](../alerts.md) and a dashboard. Every label has a bounded set of values: kinds that podgate does not know are `other`, and
namespaces after the first 4000 series are `_other`.

A counter starts when something is counted first, less those whose labels are known beforehand, which start at 0. A histogram has series
with `_bucket`, `_sum` and `_count`. Times are seconds since 1970.

Generated from the code; `UPDATE=1 cargo test` writes it.
";

/// What the values of labels are.
const LABELS: &[(&str, &str)] = &[
    ("cause", "why a gate was removed"),
    ("controller", "`true` where a controller made the object: nothing is refused, and its owner is to be mended"),
    ("decision", "`allowed`, `denied`, `patched` or `error`"),
    ("gate", "the name of a scheduling gate"),
    ("kind", "the kind of the object"),
    ("level", "`deny`, `warn` or `audit`; `ignored` where an annotation ignores it"),
    ("mutation", "the id of a mutation"),
    ("namespace", "the namespace of the object; empty for one of the cluster"),
    ("operation", "`CREATE`, `UPDATE`, `DELETE` or `CONNECT`"),
    ("own_level", "the rule's own level, whatever the policy says"),
    ("policy_level", "the level of the policy, which a controller's creation lowered"),
    ("reason", "of an error one of the list below; of gated Pods why they wait"),
    ("rule", "the id of the rule"),
    ("state", "`expiring` within 14 days, or `expired`"),
    ("version", "the version of podgate"),
    ("webhook", "`validate` or `mutate`"),
];

/// One metric.
#[derive(Default)]
struct Family {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
    has_sample: bool,
}

/// Returns metrics in which everything has been counted once.
fn used() -> Metrics {
    let metrics = Metrics::new();
    let record = Record {
        uid: Cow::Borrowed("1"),
        operation: "CREATE",
        kind: "Pod",
        namespace: Cow::Borrowed("shop"),
        name: Cow::Borrowed("web"),
        user: Cow::Borrowed("anna"),
        decision: Decision::Denied,
        findings: vec![("port-conflict", "warn")],
        more: Vec::new(),
        own_levels: vec!["deny"],
        controlled: Some(Controlled {
            owner: "Deployment \"web\"".to_owned(),
            lowered: vec![("port-conflict", "warn", "deny")],
        }),
        mutations: vec!["default-probes"],
        left_out: vec![LeftOut { gate: "example.com/quota".to_owned(), why: "nobody opens it".to_owned() }],
        notice: None,
        error: None,
    };
    metrics.answered(Mode::Mutate, &record, Duration::from_millis(1));
    metrics.failed(Failure::Overloaded);
    metrics.exemptions_end(&Vec::<Ending>::new());
    metrics.watch_lost("Service");
    let count = GateCount { by_reason: BTreeMap::from([("waiting", 1)]), oldest_timestamp_seconds: 1 };
    metrics.gates_counted(&BTreeMap::from([("example.com/quota".to_owned(), count)]));
    metrics.gate_opened("example.com/quota", "met", Duration::from_secs(1));
    metrics.leads_gates(true);
    metrics
}

/// Returns the names of the labels in `{name="value",…}`.
fn labels(text: &str) -> impl Iterator<Item = String> {
    text.split("=\"").filter_map(|part| part.rsplit(['{', ',', '"']).next()).map(str::to_owned)
}

/// Reads what `/metrics` says, in its order.
fn read(text: &str) -> Vec<(String, Family)> {
    let mut families: Vec<(String, Family)> = Vec::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), Some(help)) => {
                families.push((name.to_owned(), Family { help: help.trim_end_matches('.').to_owned(), ..Family::default() }));
            }
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let family = families.iter_mut().find(|(known, _)| known == name).unwrap();
                kind.clone_into(&mut family.1.kind);
            }
            (Some("#"), ..) => {}
            _ => {
                let (_, family) = families.last_mut().unwrap();
                family.has_sample = true;
                if let Some((before, _)) = line.split_once('}') {
                    let (_, inside) = before.split_once('{').unwrap();
                    let names = labels(inside).filter(|name| !name.is_empty() && name != "le");
                    family.labels.extend(names);
                }
            }
        }
    }
    families
}

#[test]
fn every_metric_is_described() {
    let families = read(&used().encode().unwrap());
    assert!(families.len() >= 20, "only {} metrics", families.len());
    let mut text = HEAD.to_owned();
    let mut used = BTreeSet::new();
    for (name, family) in families {
        assert!(family.has_sample, "{name} has no sample here: count it, so that its labels are seen");
        // Counters and information have an ending in each sample.
        let ending = match family.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let names: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if names.is_empty() { String::new() } else { format!("; labels {}", names.join(", ")) };
        text.push_str(&format!("\n## {name}{ending}\n\n{}: {}{labels}.\n", family.kind, family.help));
        used.extend(family.labels);
    }
    let known: BTreeSet<String> = LABELS.iter().map(|(label, _)| (*label).to_owned()).collect();
    assert_eq!(used, known, "src/server/observe/metrics_page.rs has to say what each label is");
    text.push_str("\n## Labels\n\n| label | values |\n|---|---|\n");
    text.extend(LABELS.iter().map(|(label, values)| format!("| `{label}` | {values} |\n")));
    let reasons: Vec<String> = Failure::ALL.iter().map(|failure| format!("`{}`", failure.as_str())).collect();
    text.push_str(&format!("\nReasons of errors: {}.\n", reasons.join(", ")));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        assert!(std::env::var_os("UPDATE").is_some(), "{FILE} is not what the code says: run UPDATE=1 cargo test");
        fs::write(path, text).unwrap();
    }
}
