//! Finds the policy by which podgate judges in a cluster: where somebody looks at a cluster from outside.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, ObjectList};
use kube::{Api, Client};

use super::list_watch::{chain, unanswered};
use super::policy;
use podgate_engine::policy::{LifecyclePolicy, PolicyError, parse};

/// The ConfigMap that the manifests and the chart make, in whichever namespace podgate is.
const CONFIG_MAP: &str = "podgate-policy";
const KEY: &str = "policy.yaml";

/// Why it is not known which policy is in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyInForceError {
    /// The API server does not say.
    #[error("cannot read {0} of the cluster: {1}; give the policy by --policy")]
    Api(&'static str, String),
    /// The API server does not answer.
    #[error(
        "cannot ask the API server for the policy: {0}; is it running, and is it the one that KUBECONFIG and --context are to name?"
    )]
    Unanswered(String),
    /// Several may be it.
    #[error("the cluster has several {0}; give the one that is in force by --policy")]
    Several(&'static str),
    /// It cannot be used.
    #[error(transparent)]
    Invalid(#[from] PolicyError),
}

/// Returns the policy in force with where it stands; `None` where the cluster has none. A LifecyclePolicy is taken before a ConfigMap:
/// podgate reads one only where it was told to.
pub async fn policy_in_force(client: &Client) -> Result<Option<(LifecyclePolicy, String)>, PolicyInForceError> {
    let objects = found("LifecyclePolicies", policy::api(client.clone()).list(&ListParams::default()).await)?;
    match objects.as_slice() {
        [] => {}
        [object] => {
            let name = object.metadata.name.clone().unwrap_or_default();
            let origin = format!("LifecyclePolicy {name}");
            return Ok(Some((parse(&policy::text(object.clone()), &origin)?, origin)));
        }
        _ => return Err(PolicyInForceError::Several("LifecyclePolicies")),
    }
    let named = ListParams::default().fields(&format!("metadata.name={CONFIG_MAP}"));
    let maps = found("ConfigMaps", Api::<ConfigMap>::all(client.clone()).list(&named).await)?;
    match maps.as_slice() {
        [] => Ok(None),
        [map] => {
            let namespace = map.metadata.namespace.as_deref().unwrap_or_default();
            let origin = format!("ConfigMap {namespace}/{CONFIG_MAP}");
            let text = map.data.as_ref().and_then(|data| data.get(KEY));
            text.map(|text| Ok((parse(text, &origin)?, origin))).transpose()
        }
        _ => Err(PolicyInForceError::Several("ConfigMaps podgate-policy")),
    }
}

/// Returns the objects of a list; none where the cluster does not have the kind.
fn found<K: Clone>(
    kind: &'static str,
    listed: Result<ObjectList<K>, kube::Error>,
) -> Result<Vec<K>, PolicyInForceError> {
    match listed {
        Ok(list) => Ok(list.items),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
        Err(cause @ kube::Error::Api(_)) => Err(PolicyInForceError::Api(kind, chain(&cause))),
        Err(cause) => Err(PolicyInForceError::Unanswered(unanswered(&cause))),
    }
}
