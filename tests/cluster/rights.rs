//! The rights that the manifests grant: all of them are used, and no more are needed.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::harness::{Cluster, Rights, SERVICE_ACCOUNT, granted};
use crate::{managed, policy, test};

pub fn tests() -> Vec<Trial> {
    vec![test("rights::all_that_are_granted_are_used_and_no_other_is_asked_for", every_right_is_used)]
}

/// A verb, an API group, a resource, and names: any where there is none.
type Right = (String, String, String, Vec<String>);

async fn every_right_is_used(cluster: &'static Cluster) {
    // All that podgate asks the API server for; the audit log has it.
    tokio::join!(managed::shown(cluster), policy::shown(cluster));
    let mut asked = BTreeSet::new();
    for event in cluster.audited(SERVICE_ACCOUNT) {
        let status = event["responseStatus"]["code"].as_u64().unwrap_or_default();
        assert!(status != 401 && status != 403, "podgate lacks a right: {event}");
        let text = |member: &Value| member.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let right = (text(&event["verb"]), text(&object["apiGroup"]), text(&object["resource"]));
        asked.insert((right, text(&object["name"])));
    }
    let rights = granted_rights();
    assert!(rights.len() >= 17, "{rights:?}");
    for (verb, group, resource, names) in rights {
        let right = (verb, group, resource);
        let is_used = asked.iter().any(|(asked, name)| *asked == right && (names.is_empty() || names.contains(name)));
        assert!(is_used, "{right:?} of {names:?} is granted and not used, but {asked:#?}");
    }
}

fn granted_rights() -> Vec<Right> {
    let mut rights = Vec::new();
    for rule in granted(Rights::Usual) {
        let list = |field: &str| -> Vec<String> {
            let items = rule[field].as_array().into_iter().flatten();
            items.map(|item| item.as_str().unwrap().to_owned()).collect()
        };
        for verb in list("verbs") {
            for group in list("apiGroups") {
                for resource in list("resources") {
                    rights.push((verb.clone(), group.clone(), resource, list("resourceNames")));
                }
            }
        }
    }
    rights
}
