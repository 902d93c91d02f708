//! Removes gates from a Pod, and nothing else.

use axum::http::{Request, header};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, PartialObjectMeta};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::super::list_watch::chain;
use super::pods::{GatedPod, PodObject};

/// A Pod is read again so often where it is not as it was seen.
const ATTEMPTS: usize = 3;

/// What became of gates that were to be removed.
#[derive(Debug)]
pub(super) enum Outcome {
    /// They are removed.
    Removed,
    /// The Pod is gone, or somebody else has removed them.
    Gone,
    /// They are not, for a reason.
    Failed(String),
}

/// Removes `gates` from a Pod. Where it is not as it was seen it is read again, and others' gates stay wherever they are.
pub(super) async fn remove(client: &Client, mut pod: GatedPod, gates: &[String]) -> Outcome {
    let mut refused = String::new();
    for _ in 0..ATTEMPTS {
        let operations = operations(&pod, gates);
        if operations.is_empty() {
            return Outcome::Gone;
        }
        match send(client, &pod, &operations.into()).await {
            Ok(()) => return Outcome::Removed,
            Err(kube::Error::Api(status)) if status.code == 404 => return Outcome::Gone,
            // A test that failed is 422, as is a webhook that refuses.
            Err(kube::Error::Api(status)) if matches!(status.code, 409 | 422) => refused = status.message,
            Err(cause) => return Outcome::Failed(chain(&cause)),
        }
        let api: Api<PodObject> = Api::namespaced_with(client.clone(), &pod.namespace, &ApiResource::erase::<Pod>(&()));
        match api.get_opt(&pod.name).await {
            Ok(Some(found)) => {
                let found = GatedPod::from(found);
                if found.uid != pod.uid {
                    return Outcome::Gone;
                }
                pod = found;
            }
            Ok(None) => return Outcome::Gone,
            Err(cause) => return Outcome::Failed(chain(&cause)),
        }
    }
    Outcome::Failed(refused)
}

/// Returns the JSON patch that removes these gates: the last first, so that the others keep their places.
fn operations(pod: &GatedPod, gates: &[String]) -> Vec<Value> {
    let removed = pod.gates.iter().enumerate().rev().filter(|(_, gate)| gates.contains(gate));
    let mut operations: Vec<Value> = removed
        .flat_map(|(index, gate)| {
            let path = format!("/spec/schedulingGates/{index}");
            [
                json!({"op": "test", "path": format!("{path}/name"), "value": gate}),
                json!({"op": "remove", "path": path}),
            ]
        })
        .collect();
    if !operations.is_empty() {
        operations.insert(0, json!({"op": "test", "path": "/metadata/uid", "value": pod.uid}));
    }
    operations
}

async fn send(client: &Client, pod: &GatedPod, operations: &Value) -> Result<(), kube::Error> {
    let request =
        Request::patch(format!("/api/v1/namespaces/{}/pods/{}?fieldManager=podgate", pod.namespace, pod.name))
            .header(header::CONTENT_TYPE, "application/json-patch+json")
            // Of the answer nothing is of use; metadata are the least there is.
            .header(header::ACCEPT, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json")
            .body(operations.to_string().into_bytes())
            .map_err(kube::Error::HttpError)?;
    client.request::<PartialObjectMeta<Pod>>(request).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn gated(gates: &[&str]) -> GatedPod {
        GatedPod {
            uid: "u".to_owned(),
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
            labels: BTreeMap::new(),
            wait_for: None,
            gates: gates.iter().map(ToString::to_string).collect(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn gates_are_removed_from_the_last_on_and_each_is_tested() {
        let own = ["a/x".to_owned(), "a/y".to_owned()];
        let patch = operations(&gated(&["a/x", "b/other", "a/y"]), &own);
        let expected = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/spec/schedulingGates/2/name", "value": "a/y"},
            {"op": "remove", "path": "/spec/schedulingGates/2"},
            {"op": "test", "path": "/spec/schedulingGates/0/name", "value": "a/x"},
            {"op": "remove", "path": "/spec/schedulingGates/0"},
        ]);
        assert_eq!(Value::from(patch), expected);
        assert!(operations(&gated(&["b/other"]), &own).is_empty());
    }
}
