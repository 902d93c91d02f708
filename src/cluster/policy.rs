//! The policy as an object of the cluster.

use std::convert::Infallible;
use std::sync::Arc;

use kube::api::{ApiResource, DynamicObject, GroupVersionKind, TypeMeta};
use kube::runtime::watcher::Config;
use kube::{Api, Client, ResourceExt as _};

use super::list_watch::{MAX_BACKOFF, WatchEvent, list_watch};
use crate::server::{ClusterState, Policies};

const GROUP: &str = "podgate.dev";
const VERSION: &str = "v1alpha1";
const KIND: &str = "LifecyclePolicy";
const PLURAL: &str = "lifecyclepolicies";

/// The object as it was applied, in one line of JSON: it says nothing that the object does not say.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Puts the LifecyclePolicy `name` in force, and each change of it, for as long as it is polled. One that cannot be used, or
/// is gone, leaves the last good one in force, and so does an API server that is gone. `cluster_state` is told how old that is.
pub async fn watch_policy(
    client: Client,
    name: String,
    policies: Arc<Policies>,
    cluster_state: ClusterState,
) -> Infallible {
    let api = api(client);
    let config = Config::default().fields(&format!("metadata.name={name}"));
    // The version that was seen last. After an error everything is listed again, and mostly nothing has changed.
    let mut known: Option<Option<String>> = None;
    let handle = |seen| {
        let found = match seen {
            WatchEvent::Listed(mut objects) => {
                cluster_state.found(KIND);
                Some(objects.pop())
            }
            WatchEvent::Applied(object) => Some(Some(object)),
            WatchEvent::Deleted(_) => Some(None),
            WatchEvent::Failed(_) => {
                cluster_state.lost(KIND);
                None
            }
        };
        let found = found.filter(|found| {
            let version = Some(found.as_ref().and_then(DynamicObject::resource_version));
            let is_new = known != version;
            known = version;
            is_new
        });
        let policies = &policies;
        async move {
            match found {
                Some(Some(object)) => policies.apply_object(text(object)).await,
                Some(None) => policies.report_missing(),
                None => {}
            }
        }
    };
    list_watch(KIND, api, config, MAX_BACKOFF, |object| object, handle).await
}

/// Returns the API of LifecyclePolicies.
pub(super) fn api(client: Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(GROUP, VERSION, KIND);
    Api::all_with(client, &ApiResource::from_gvk_with_plural(&kind, PLURAL))
}

/// The object as a policy file has it. Objects of a list do not always say what they are.
pub(super) fn text(mut object: DynamicObject) -> String {
    object.annotations_mut().remove(LAST_APPLIED);
    object.types = Some(TypeMeta { api_version: format!("{GROUP}/{VERSION}"), kind: KIND.to_owned() });
    // What cannot be written as JSON is no policy.
    serde_json::to_string(&object).unwrap_or_default()
}
