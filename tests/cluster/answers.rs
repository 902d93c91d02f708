//! What a client sees of podgate's answers, and which kinds get there by the manifests.

use libtest_mimic::Trial;
use podgate::model::workload::WORKLOADS;
use serde_json::{Value, json};

use crate::harness::{Cluster, conflicting_containers, deployment, pod, with};
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
    for workload in WORKLOADS {
        let name = format!("{}.{}", workload.kind, workload.group);
        let mut spec = json!({"containers": conflicting_containers()});
        if workload.is_job() {
            spec["restartPolicy"] = json!("Never");
        }
        let (object, templates) = object(workload.group, workload.kind, &namespace, &spec);
        if workload.read(&object.to_string()).unwrap().templates.is_empty() {
            continue; // It makes no Pods.
        }
        let refused = cluster.client.dry_run(&object).await;
        let ours = refused.causes().into_iter().filter(|cause| cause.message.ends_with("(podgate: port-conflict)"));
        let fields: Vec<String> = ours.map(|cause| cause.field).collect();
        let expected = templates.iter().map(|path| format!("{path}spec.containers[1].ports[0].containerPort"));
        assert_eq!(fields, expected.collect::<Vec<_>>(), "{name}: {}", refused.body);
    }
}

/// An object of this kind with this Pod spec, and the paths of its templates, each with a dot at its end.
fn object(group: &str, kind: &str, namespace: &str, spec: &Value) -> (Value, Vec<&'static str>) {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
    let job = json!({"spec": {"template": template}});
    let selector = json!({"matchLabels": {"app": "web"}});
    let (version, member, templates) = match (group, kind) {
        ("", "Pod") => ("v1", json!({"spec": spec}), vec![""]),
        ("", "PodTemplate") => ("v1", json!({"template": template}), vec!["template."]),
        ("", _) => ("v1", json!({"spec": {"template": template}}), vec!["spec.template."]),
        ("apps", "StatefulSet") => {
            let spec = json!({"template": template, "selector": selector, "serviceName": "web"});
            ("v1", json!({"spec": spec}), vec!["spec.template."])
        }
        ("apps", _) => ("v1", json!({"spec": {"template": template, "selector": selector}}), vec!["spec.template."]),
        ("batch", "CronJob") => {
            let spec = json!({"schedule": "0 0 * * *", "jobTemplate": job});
            ("v1", json!({"spec": spec}), vec!["spec.jobTemplate.spec.template."])
        }
        ("batch", _) => ("v1", job, vec!["spec.template."]),
        (_, "AdvancedCronJob") => (
            "v1alpha1",
            json!({"spec": {"template": {"jobTemplate": job}}}),
            vec!["spec.template.jobTemplate.spec.template."],
        ),
        (_, "JobSet") => (
            "v1alpha1",
            json!({"spec": {"replicatedJobs": [{"template": job}, {"template": job}]}}),
            vec!["spec.replicatedJobs[0].template.spec.template.", "spec.replicatedJobs[1].template.spec.template."],
        ),
        (_, "LeaderWorkerSet") => (
            "v1alpha1",
            json!({"spec": {"leaderWorkerTemplate": {"leaderTemplate": template, "workerTemplate": template}}}),
            vec!["spec.leaderWorkerTemplate.leaderTemplate.", "spec.leaderWorkerTemplate.workerTemplate."],
        ),
        _ => ("v1alpha1", json!({"spec": {"template": template}}), vec!["spec.template."]),
    };
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": namespace}});
    object.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
    (object, templates)
}
