//! The custom kinds that podgate knows, each as a CustomResourceDefinition that accepts anything: the API server then
//! looks into no template, and podgate is the first to do so.

use podgate::model::workload::WORKLOADS;
use serde_json::{Value, json};

use super::{Cluster, eventually};

/// The API group and kind of every custom kind that podgate knows, and a version: any, since the place of the template
/// is the same in all.
fn custom_kinds() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let custom = WORKLOADS.iter().filter(|workload| workload.group.contains('.'));
    custom.map(|workload| (workload.group, "v1alpha1", workload.kind))
}

impl Cluster {
    pub(super) async fn add_custom_kinds(&self) {
        let definitions: Vec<Value> = custom_kinds().map(definition).collect();
        for definition in &definitions {
            self.client.create(definition).await.accepted();
        }
        for definition in &definitions {
            let spec = &definition["spec"];
            let path = format!("/apis/{}/v1alpha1", spec["group"].as_str().unwrap());
            eventually("the custom kind is served", async || {
                let answer = self.client.send(http::Method::GET, &path, "", super::Content::None).await;
                let kinds = answer.body["resources"].as_array()?;
                kinds.iter().find(|kind| kind["kind"] == spec["names"]["kind"]).map(|_| ())
            })
            .await;
        }
    }
}

fn definition((group, version, kind): (&str, &str, &str)) -> Value {
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
                "name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}
            }]
        }
    })
}
