//! The custom kinds that podgate knows, each as a CustomResourceDefinition that accepts anything: the API server then
//! looks into no template, and podgate is the first to do so.

use podgate_engine::model::workload::WORKLOADS;
use serde_json::{Value, json};

use super::objects::CUSTOM_VERSION;
use super::{Cluster, eventually};

impl Cluster {
    pub(super) async fn add_custom_kinds(&self) {
        let custom = WORKLOADS.iter().filter(|workload| workload.group.contains('.'));
        let definitions: Vec<Value> = custom.map(|workload| definition(workload.group, workload.kind)).collect();
        for definition in &definitions {
            self.client.create(definition).await.accepted();
        }
        for definition in &definitions {
            let spec = &definition["spec"];
            let path = format!("/apis/{}/{CUSTOM_VERSION}", spec["group"].as_str().unwrap());
            eventually("the custom kind is served", async || {
                let answer = self.client.send(http::Method::GET, &path, "", super::Content::None).await;
                let kinds = answer.body["resources"].as_array()?;
                kinds.iter().find(|kind| kind["kind"] == spec["names"]["kind"]).map(|_| ())
            })
            .await;
        }
    }
}

fn definition(group: &str, kind: &str) -> Value {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            // jobset.x-k8s.io and leaderworkerset.x-k8s.io are groups that the Kubernetes project protects.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": singular},
            "versions": [{
                "name": CUSTOM_VERSION, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}
            }]
        }
    })
}
