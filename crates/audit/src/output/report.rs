//! Report objects, which Policy Reporter and others show: those of openreports.io, and those of wgpolicyk8s.io that came before them.
//!
//! A result says `fail` of what would be refused and `warn` of the rest: "not met and not scored" in the words of both formats. Policy
//! Reporter knows a result again by its property `resultID`, which is the finding's fingerprint here.

use std::{cmp::Reverse, collections::BTreeMap};

use podgate_engine::{
    rules::Level,
    syntax::text::{beginning, counted},
};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Audit, Found, Judged, Source, fingerprints};

/// The name of every Report that podgate writes: one a namespace, and one of the cluster.
pub const NAME: &str = "podgate";
/// Selects all of them, by a label that they have; what it selects and is not among [`reports`] any more is to be deleted.
pub const OWN_LABEL: &str = "app.kubernetes.io/managed-by=podgate";

/// Results of a Report at most.
const RESULTS: usize = 500;
/// Bytes of all results of a Report at most, as JSON: etcd takes 1.5 MiB for one object.
const RESULT_BYTES: usize = 1 << 20;
/// Bytes of a message at most.
const MESSAGE: usize = 1024;
/// Bytes of a field's path and of the policy's name at most.
const PROPERTY: usize = 256;

/// The two APIs that hold reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportApi {
    /// `openreports.io/v1alpha1`: `Report` and `ClusterReport`.
    OpenReports,
    /// `wgpolicyk8s.io/v1alpha2`: `PolicyReport` and `ClusterPolicyReport`.
    PolicyReports,
}

impl ReportApi {
    /// Both, the newer one first.
    pub const ALL: [Self; 2] = [Self::OpenReports, Self::PolicyReports];

    /// Returns the `apiVersion` of its objects.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::OpenReports => "openreports.io/v1alpha1",
            Self::PolicyReports => "wgpolicyk8s.io/v1alpha2",
        }
    }

    /// Returns the kind of its objects, those of namespaces or that of the cluster, and its name in URLs.
    pub fn kind(self, is_of_cluster: bool) -> (&'static str, &'static str) {
        match (self, is_of_cluster) {
            (Self::OpenReports, false) => ("Report", "reports"),
            (Self::OpenReports, true) => ("ClusterReport", "clusterreports"),
            (Self::PolicyReports, false) => ("PolicyReport", "policyreports"),
            (Self::PolicyReports, true) => ("ClusterPolicyReport", "clusterpolicyreports"),
        }
    }
}

/// Returns the Reports of an audit, fit for server-side apply: that of objects without a namespace first, then one for each namespace
/// in which something was found, by name.
pub fn reports(audit: &Audit, api: ReportApi) -> Vec<Value> {
    let mut namespaces: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for object in audit.objects.iter().filter(|object| !object.found.is_empty()) {
        namespaces.entry(&object.namespace).or_default().push(object);
    }
    namespaces.into_iter().map(|(namespace, objects)| report(audit, api, namespace, &objects)).collect()
}

fn report(audit: &Audit, api: ReportApi, namespace: &str, objects: &[&Judged]) -> Value {
    let mut findings: Vec<Finding<'_>> = objects.iter().flat_map(|object| Finding::all(object)).collect();
    findings.sort_by_key(|finding| Reverse(finding.found.level));
    let fail = findings.iter().filter(|finding| finding.found.level == Level::Deny).count();
    let warn = findings.len() - fail;
    let about = About { policy: policy(audit), timestamp: timestamp(&audit.at) };
    let results = about.results(&findings);

    let labels = json!({"app.kubernetes.io/managed-by": NAME, "app.kubernetes.io/name": NAME});
    let mut metadata = Map::from_iter([("name".to_owned(), json!(NAME))]);
    if !namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    metadata.insert("labels".to_owned(), labels);
    let mut report = Map::new();
    let mut set = |field: &str, value: Value| report.insert(field.to_owned(), value);
    set("apiVersion", json!(api.api_version()));
    set("kind", json!(api.kind(namespace.is_empty()).0));
    set("metadata", Value::Object(metadata));
    if api == ReportApi::OpenReports {
        set("source", json!(NAME));
        set("configuration", json!({"limits": {"maxResults": RESULTS, "statusFilter": ["fail", "warn"]}}));
    }
    set("summary", json!({"pass": 0, "fail": fail, "warn": warn, "error": 0, "skip": 0}));
    set("results", Value::Array(results));
    Value::Object(report)
}

/// A finding with its object and what it is known by.
struct Finding<'a> {
    object: &'a Judged,
    found: &'a Found,
    fingerprint: String,
}

impl<'a> Finding<'a> {
    fn all(object: &'a Judged) -> impl Iterator<Item = Self> {
        let with = move |(found, fingerprint)| Self { object, found, fingerprint };
        object.found.iter().zip(fingerprints(object)).map(with)
    }
}

/// What all results of an audit have in common.
struct About {
    policy: String,
    timestamp: Option<Value>,
}

impl About {
    /// Returns the results: as many as there is room for, and where that is not all, a last one that says how many are left out.
    fn results(&self, findings: &[Finding<'_>]) -> Vec<Value> {
        let mut results = Vec::new();
        let mut bytes = 0;
        for finding in findings {
            let result = self.result(finding);
            bytes += result.to_string().len();
            if bytes > RESULT_BYTES || results.len() == RESULTS {
                break;
            }
            results.push(result);
        }
        if results.len() < findings.len() {
            // Its place is the last one's.
            results.truncate(RESULTS - 1);
            let left_out = findings.split_at(results.len()).1;
            results.extend(self.rest(left_out));
        }
        results
    }

    fn result(&self, finding: &Finding<'_>) -> Value {
        let Finding { object, found, fingerprint } = finding;
        let is_deny = found.level == Level::Deny;
        let category = match found.source {
            Source::Rule(rule) => rule.family,
            Source::Observation(_) => "status",
        };
        let mut properties = Map::new();
        let mut set = |name: &str, value: &str| {
            if !value.is_empty() {
                properties.insert(name.to_owned(), json!(value));
            }
        };
        set("level", found.level.as_str());
        set("path", beginning(&found.path, PROPERTY));
        if found.pods > 0 {
            set("pods", &found.pods.to_string());
        }
        set("since", &object.created);
        set("refused", if object.is_refused() { "true" } else { "false" });
        set("resultID", fingerprint);
        let mut result = self.outcome(found.source.id(), found.level);
        let mut set = |field: &str, value: Value| result.insert(field.to_owned(), value);
        set("category", json!(category));
        set("scored", json!(is_deny));
        set("message", json!(beginning(&found.message, MESSAGE)));
        set("resources", json!([reference(object)]));
        set("properties", Value::Object(properties));
        Value::Object(result)
    }

    /// Returns the result that stands for those that are left out.
    fn rest(&self, left_out: &[Finding<'_>]) -> Option<Value> {
        let first = left_out.first()?;
        let (worst, namespace) = (first.found.level, &first.object.namespace);
        let at = |level| left_out.iter().filter(|finding| finding.found.level == level).count();
        let [deny, warn, audit] = [Level::Deny, Level::Warn, Level::Audit].map(at);
        let message = format!(
            "{} left out of this report ({deny} deny, {warn} warn, {audit} audit); podgate audit shows all",
            counted(left_out.len(), "more finding is", "more findings are")
        );
        let mut result = self.outcome("left-out", worst);
        let mut set = |field: &str, value: Value| result.insert(field.to_owned(), value);
        set("category", json!("report"));
        set("scored", json!(false));
        set("message", json!(message));
        let [deny, warn, audit] = [deny, warn, audit].map(|count| count.to_string());
        set(
            "properties",
            json!({"leftOutDeny": deny, "leftOutWarn": warn, "leftOutAudit": audit, "resultID": format!("left-out:{namespace}")}),
        );
        Some(Value::Object(result))
    }

    fn outcome(&self, rule: &str, level: Level) -> Map<String, Value> {
        // Severities that the oldest v1alpha2 has too: it knows no `info`.
        let (result, severity) = match level {
            Level::Deny => ("fail", "high"),
            Level::Warn => ("warn", "medium"),
            Level::Audit | Level::Off => ("warn", "low"),
        };
        let fields =
            [("source", NAME), ("policy", &self.policy), ("rule", rule), ("result", result), ("severity", severity)];
        let mut outcome: Map<String, Value> =
            fields.into_iter().map(|(field, value)| (field.to_owned(), json!(value))).collect();
        if let Some(timestamp) = &self.timestamp {
            outcome.insert("timestamp".to_owned(), timestamp.clone());
        }
        outcome
    }
}

/// Returns what the policy is called in results.
fn policy(audit: &Audit) -> String {
    if audit.policy.is_empty() { NAME.to_owned() } else { format!("{NAME}/{}", beginning(&audit.policy, PROPERTY)) }
}

fn reference(object: &Judged) -> Value {
    let Judged { api_version, kind, namespace, name, uid, .. } = object;
    let fields = [("apiVersion", api_version), ("kind", kind), ("namespace", namespace), ("name", name), ("uid", uid)];
    let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
    Value::Object(given.map(|(field, value)| (field.to_owned(), json!(value))).collect())
}

/// Returns a time as the API writes those of results: seconds since 1970.
fn timestamp(at: &str) -> Option<Value> {
    let time = OffsetDateTime::parse(at, &Rfc3339).ok()?;
    Some(json!({"seconds": time.unix_timestamp(), "nanos": 0}))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use podgate_engine::policy::{Engine, LifecyclePolicy};
    use podgate_manifests::documents;

    use super::*;
    use crate::sample;

    const APIS: [(ReportApi, &str); 2] = [
        (ReportApi::OpenReports, include_str!("../../../../tests/cluster/crds/openreports.io.yaml")),
        (ReportApi::PolicyReports, include_str!("../../../../tests/cluster/crds/wgpolicyk8s.io.yaml")),
    ];

    /// Has a schema refuse what it does not name, as the API server refuses what is applied.
    fn close(schema: &mut Value) {
        let Some(fields) = schema.as_object_mut() else { return };
        if fields.contains_key("properties") {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
        if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
            properties.values_mut().for_each(close);
        }
        if let Some(items) = fields.get_mut("items") {
            close(items);
        }
    }

    /// Returns the problems of an object by the CustomResourceDefinition of its kind.
    fn problems(definitions: &str, object: &Value) -> Vec<String> {
        let definitions: Vec<Value> =
            documents(definitions).unwrap().iter().map(|json| serde_json::from_str(json).unwrap()).collect();
        let kind = |definition: &&Value| definition["spec"]["names"]["kind"] == object["kind"];
        let definition = definitions.iter().find(kind).unwrap();
        let version = &definition["spec"]["versions"][0];
        let (group, name) = (definition["spec"]["group"].as_str().unwrap(), version["name"].as_str().unwrap());
        assert_eq!(object["apiVersion"], format!("{group}/{name}"));
        let is_namespaced = object["metadata"].get("namespace").is_some();
        let kinds = ReportApi::ALL.map(|api| [false, true].map(|is_of_cluster| api.kind(is_of_cluster)));
        let names = &definition["spec"]["names"];
        assert!(
            kinds.as_flattened().iter().any(|(kind, plural)| names["kind"] == **kind && names["plural"] == **plural)
        );
        assert_eq!(definition["spec"]["scope"], if is_namespaced { "Namespaced" } else { "Cluster" });
        let mut schema = version["schema"]["openAPIV3Schema"].clone();
        close(&mut schema);
        let validator = jsonschema::validator_for(&schema).unwrap();
        validator.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn bad() -> Audit {
        let mut audit = sample::bad(&Engine::new(&LifecyclePolicy::default()));
        let mut theirs = sample::object("trainer.kubeflow.org/v1alpha1", "ClusterTrainingRuntime", "", "torch");
        theirs.found = vec![sample::found("invalid-port", Level::Deny, "spec.d", "port")];
        audit.objects.push(theirs);
        audit.objects.push(sample::object("v1", "Pod", "clean", "clean"));
        audit
    }

    #[test]
    fn reports_are_what_the_definitions_take() {
        let audit = bad();
        for (api, definitions) in APIS {
            let reports = reports(&audit, api);
            let namespaces: Vec<&str> =
                reports.iter().map(|report| report["metadata"]["namespace"].as_str().unwrap_or_default()).collect();
            let with_findings = audit.objects.iter().filter(|object| !object.found.is_empty());
            let wanted: BTreeSet<&str> = with_findings.map(|object| object.namespace.as_str()).collect();
            assert_eq!(namespaces, wanted.into_iter().collect::<Vec<_>>());
            assert!(namespaces.len() > 10 && namespaces[0].is_empty() && !namespaces.contains(&"clean"));
            for report in &reports {
                assert_eq!(problems(definitions, report), Vec::<String>::new());
                assert_eq!((&report["metadata"]["name"], report.get("status")), (&json!("podgate"), None));
            }
            let mut wrong = reports[1].clone();
            wrong["results"][0]["severity"] = json!("worst");
            wrong["results"][0]["subjects"] = json!([]);
            assert_eq!(problems(definitions, &wrong).len(), 2);
            let ids: Vec<&Value> = reports
                .iter()
                .flat_map(|report| report["results"].as_array().unwrap())
                .map(|result| &result["properties"]["resultID"])
                .collect();
            assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "a result has an id of its own");
            let counted =
                |field: &str| reports.iter().map(|report| report["summary"][field].as_u64().unwrap()).sum::<u64>();
            let summary = audit.summary();
            let warn = u64::try_from(summary.warn + summary.audit).unwrap();
            assert_eq!((counted("fail"), counted("warn")), (u64::try_from(summary.deny).unwrap(), warn));
        }
    }

    #[test]
    fn one_result_of_each_level() {
        let mut object = sample::object("apps/v1", "Deployment", "shop", "web");
        object.found = vec![
            sample::found("missing-requests", Level::Audit, "spec.c", "requests"),
            Found { pods: 2, ..sample::found("missing-readiness-probe", Level::Warn, "spec.b", "probe") },
            sample::found("port-conflict", Level::Deny, "spec.a", "ports"),
        ];
        let (policy, at) = ("default".to_owned(), "2026-03-01T10:00:00Z".to_owned());
        let audit = Audit { policy, at, objects: vec![object.clone()], ..Audit::default() };
        let [report] = reports(&audit, ReportApi::OpenReports).try_into().unwrap();
        let ids = fingerprints(&object);
        assert_eq!(
            report["results"][1],
            json!({
                "source": "podgate",
                "policy": "podgate/default",
                "rule": "missing-readiness-probe",
                "result": "warn",
                "severity": "medium",
                "timestamp": {"seconds": 1_772_359_200, "nanos": 0},
                "category": "probes",
                "scored": false,
                "message": "probe",
                "resources": [{
                    "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web", "uid": "uid-of-web"
                }],
                "properties": {
                    "level": "warn", "path": "spec.b", "pods": "2", "since": "2026-03-01T10:00:00Z", "refused": "true",
                    "resultID": ids[1],
                },
            })
        );
        let outcomes: Vec<[&Value; 4]> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| ["rule", "result", "severity", "scored"].map(|field| &result[field]))
            .collect();
        let [deny, audit] = [
            [json!("port-conflict"), json!("fail"), json!("high"), json!(true)],
            [json!("missing-requests"), json!("warn"), json!("low"), json!(false)],
        ];
        assert_eq!((outcomes[0], outcomes[2]), (deny.each_ref(), audit.each_ref()));
        let (label, value) = OWN_LABEL.split_once('=').unwrap();
        assert_eq!(report["metadata"]["labels"][label], value);
        assert_eq!(report["summary"], json!({"pass": 0, "fail": 1, "warn": 2, "error": 0, "skip": 0}));
    }

    /// Returns the report of so many findings of level audit with a message, and a deny after them.
    fn many(findings: usize, message: &str) -> Value {
        let mut object = sample::object("v1", "Pod", "shop", "web");
        object.found = (0..findings)
            .map(|number| {
                sample::found("missing-requests", Level::Audit, &format!("spec.containers[{number}]"), message)
            })
            .collect();
        object.found.push(sample::found("port-conflict", Level::Deny, "spec", "ports"));
        let audit = Audit { objects: vec![object], ..Audit::default() };
        let [report] = reports(&audit, ReportApi::PolicyReports).try_into().unwrap();
        assert_eq!(report["summary"]["warn"], findings);
        assert_eq!(report["results"][0]["rule"], "port-conflict");
        assert_eq!(problems(APIS[1].1, &report), Vec::<String>::new());
        report
    }

    #[test]
    fn results_are_bounded() {
        let all = many(499, "requests");
        assert_eq!(
            (all["results"].as_array().unwrap().len(), all["results"][499]["rule"].as_str()),
            (500, Some("missing-requests"))
        );
        let some = many(1_200, "requests");
        let results = some["results"].as_array().unwrap();
        assert_eq!(results.len(), 500);
        assert_eq!(
            results[499]["message"],
            "702 more findings are left out of this report (0 deny, 0 warn, 702 audit); podgate audit shows all"
        );
        assert_eq!(results[499]["properties"]["leftOutAudit"], "702");
    }

    #[test]
    fn bytes_are_bounded() {
        let report = many(1_200, &"ü\"".repeat(1_000));
        let text = report.to_string();
        assert!(text.len() < 1_200_000, "{}", text.len());
        let results = report["results"].as_array().unwrap();
        assert!(results.len() > 100);
        let message = results[1]["message"].as_str().unwrap();
        // One letter more would be cut in two.
        assert_eq!(message.len(), 1_023);
        let left_out: usize = results.last().unwrap()["properties"]["leftOutAudit"].as_str().unwrap().parse().unwrap();
        assert_eq!(left_out + results.len() - 1, 1_201);
    }

    #[test]
    fn a_time_that_is_none_is_left_out() {
        let report = many(1, "requests");
        assert_eq!(report["results"][0].get("timestamp"), None);
        assert_eq!(report["results"][0]["policy"], "podgate");
    }
}
