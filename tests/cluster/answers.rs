//! What a client sees of podgate's answers, and which kinds get there by the manifests.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use podgate_engine::model::workload::{Holds, WORKLOADS};
use serde_json::{Value, json};

use crate::harness::{Cluster, conflicting_containers, deployment, excessive_container, object, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("answers::a_refusal_says_what_kubectl_prints", a_refusal_says_what_kubectl_prints),
        test("answers::a_warning_says_where_and_which_rule", a_warning_says_where_and_which_rule),
        test("answers::every_kind_is_judged_by_the_manifests", every_kind_is_judged_by_the_manifests),
    ]
}

async fn a_refusal_says_what_kubectl_prints(cluster: &'static Cluster) {
    let namespace = cluster.judged_namespace().await;
    let web = with(deployment(&namespace, "web"), "/spec/template/spec/containers", conflicting_containers());
    let refused = cluster.client.create(&web).await;
    let field = "spec.template.spec.containers[1].ports[0].containerPort";
    let message = refused.body["details"]["causes"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("(podgate: port-conflict)"), "{message}");
    assert_eq!(
        refused.body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Invalid", "code": 422,
            "message": format!("admission webhook \"validate.podgate.dev\" denied the request: {field}: {message}"),
            "details": {"group": "apps", "kind": "Deployment", "name": "web", "causes": [
                {"reason": "FieldValueInvalid", "field": field, "message": message}
            ]}
        })
    );
    assert_eq!(cluster.client.get(&web).await.status, 404);
}

async fn a_warning_says_where_and_which_rule(cluster: &'static Cluster) {
    let namespace = cluster.judged_namespace().await;
    let web = with(pod(&namespace, "web"), "/spec/containers/0/ports", json!([{"containerPort": 8080}]));
    let created = cluster.client.create(&web).await.accepted();
    let ours = created.warnings.iter().filter(|warning| warning.ends_with("(podgate: missing-readiness-probe)"));
    let ours: Vec<&String> = ours.collect();
    assert!(matches!(ours.as_slice(), [one] if one.starts_with("spec.containers[0].readinessProbe: ")), "{ours:?}");
}

/// Every kind in podgate's table that makes Pods, with the same violation in each of its templates.
async fn every_kind_is_judged_by_the_manifests(cluster: &'static Cluster) {
    let namespace = cluster.judged_namespace().await;
    for workload in WORKLOADS.iter().filter(|workload| workload.is_pod() || workload.makes_pods()) {
        let stand_alone = workload.places().iter().any(|place| place.holds == Holds::Container);
        let (containers, wrong, below, rule) = if stand_alone {
            let container = excessive_container();
            (json!([container]), container, ".resources.requests.cpu", "request-exceeds-limit")
        } else {
            (conflicting_containers(), conflicting_containers(), "[1].ports[0].containerPort", "port-conflict")
        };
        let mut spec = json!({"containers": containers});
        if workload.is_job() {
            spec["restartPolicy"] = json!("Never");
        }
        let object = object(workload.group, workload.kind, &namespace, "web", &spec);
        let refused = cluster.client.dry_run(&object).await;
        let ours = refused.causes().into_iter().filter(|cause| cause.rule() == rule);
        let fields: BTreeSet<String> = ours.map(|cause| cause.field).collect();
        let mut expected = BTreeSet::new();
        find(&object, &wrong, below, "", &mut expected);
        assert_eq!(fields, expected, "{}.{}: {}", workload.kind, workload.group, refused.body);
    }
}

/// The field that is refused, `below` each place of `value`, which stands at `path`, that holds what is `wrong`.
fn find(value: &Value, wrong: &Value, below: &str, path: &str, found: &mut BTreeSet<String>) {
    match value {
        _ if value == wrong => {
            found.insert(format!("{path}{below}"));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find(item, wrong, below, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                find(member, wrong, below, &format!("{path}{dot}{key}"), found);
            }
        }
        _ => {}
    }
}
