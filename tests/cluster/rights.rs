//! The rights that the manifests grant: all of them are used, and no more are needed.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::harness::{Cluster, SERVICE_ACCOUNT, granted};
use crate::{managed, policy, test};

pub fn tests() -> Vec<Trial> {
    vec![test("rights::all_that_are_granted_are_used_and_no_other_is_asked_for", every_right_is_used)]
}

/// Nothing that podgate asked was refused for want of a right, and it has no right that it did not use.
async fn every_right_is_used(cluster: &'static Cluster) {
    // All that podgate asks the API server for; the audit log has it.
    tokio::join!(managed::shown(cluster), policy::shown(cluster));
    let mut used = BTreeSet::new();
    for event in cluster.audited(SERVICE_ACCOUNT) {
        let status = event["responseStatus"]["code"].as_u64().unwrap_or_default();
        assert!(status != 401 && status != 403, "podgate lacks a right: {event}");
        let text = |member: &Value| member.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        used.insert((
            text(&event["verb"]),
            text(&object["apiGroup"]),
            text(&object["resource"]),
            text(&object["name"]),
        ));
    }
    let list = |rule: &Value, field: &str| -> Vec<String> {
        let items = rule[field].as_array().into_iter().flatten();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = 0;
    for rule in granted() {
        let names = list(&rule, "resourceNames");
        for (group, resource) in list(&rule, "apiGroups")
            .iter()
            .flat_map(|group| list(&rule, "resources").into_iter().map(move |it| (group, it)))
        {
            for verb in list(&rule, "verbs") {
                let uses = |(used_verb, used_group, used_resource, name): &(String, String, String, String)| {
                    *used_verb == verb
                        && used_group == group
                        && *used_resource == resource
                        && (names.is_empty() || names.contains(name))
                };
                assert!(used.iter().any(uses), "{verb} of {resource} is granted and not used: {rule}; used: {used:#?}");
                rights += 1;
            }
        }
    }
    assert!(rights >= 15, "{rights}");
}
