//! The rights of podgate's service account, held against what it asked for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::installation::{Rights, granted};

/// A verb, an API group, a resource, and names: any where there is none.
type Right = (String, String, String, Vec<String>);

/// Panics unless these requests of podgate's, as the audit log has them, use each of the rights, and were granted. Returns
/// how many rights that are.
pub fn all_are_used(requests: &[Value], rights: Rights) -> usize {
    let mut asked = BTreeSet::new();
    for event in requests {
        let status = event["responseStatus"]["code"].as_u64().unwrap_or_default();
        assert!(status != 401 && status != 403, "podgate lacks a right: {event}");
        let text = |member: &Value| member.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let right = (text(&event["verb"]), text(&object["apiGroup"]), text(&object["resource"]));
        asked.insert((right, text(&object["name"])));
    }
    let rights = granted_rights(rights);
    for (verb, group, resource, names) in &rights {
        // An apply that makes an object asks for this right, and the log calls it a patch.
        let verb = if is_report(group) && verb == "create" { "patch" } else { verb };
        let right = (verb.to_owned(), group.clone(), resource.clone());
        let is_used = asked.iter().any(|(asked, name)| *asked == right && (names.is_empty() || names.contains(name)));
        assert!(is_used, "{right:?} of {names:?} is granted and not used, but {asked:#?}");
    }
    rights.len()
}

fn is_report(group: &str) -> bool {
    ["openreports.io", "wgpolicyk8s.io"].contains(&group)
}

fn granted_rights(rights: Rights) -> Vec<Right> {
    let mut all = Vec::new();
    for rule in granted(rights) {
        let list = |field: &str| -> Vec<String> {
            let items = rule[field].as_array().into_iter().flatten();
            items.map(|item| item.as_str().unwrap().to_owned()).collect()
        };
        for verb in list("verbs") {
            for group in list("apiGroups") {
                for resource in list("resources") {
                    all.push((verb.clone(), group.clone(), resource, list("resourceNames")));
                }
            }
        }
    }
    all
}
