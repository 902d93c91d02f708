//! What the manifests grant is what SECURITY.md says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use podgate_engine::syntax::yaml;
use serde_json::Value;

fn read(file: &str) -> String {
    std::fs::read_to_string(crate::tree::root().join(file)).unwrap()
}

/// What each option needs.
const RIGHTS: [(&str, &[&str]); 5] = [
    ("--watch", &["manifests/components/watch/cluster-role.yaml"]),
    ("--policy-from-cluster", &["manifests/components/cluster-policy/cluster-role.yaml"]),
    (
        "--manage-certs",
        &["manifests/overlays/managed-certs/role.yaml", "manifests/overlays/managed-certs/cluster-role.yaml"],
    ),
    (
        GATES,
        &[
            "manifests/components/gates/cluster-role.yaml",
            "manifests/components/gates/targets-cluster-role.yaml",
            "manifests/components/gates/role.yaml",
        ],
    ),
    (
        REPORTS,
        &[
            "manifests/components/reports/cluster-role.yaml",
            "manifests/components/reports/kinds-cluster-role.yaml",
            "manifests/components/reports/role.yaml",
        ],
    ),
];

/// The option whose rights are shown apart from those of the others, in a cluster where podgate has no others.
const GATES: &str = "--open-gates";
/// Likewise.
const REPORTS: &str = "--reports";

/// The rules of a role.
fn rules(file: &str) -> Vec<Value> {
    let text = read(file);
    let documents = yaml::documents(&text).unwrap();
    let [role] = documents.as_slice() else { panic!("{file}: one role") };
    let role: Value = serde_json::from_str(&role.to_json().unwrap()).unwrap();
    role["rules"].as_array().unwrap().clone()
}

/// The rows of the table of what these roles grant.
fn rows(files: &[&str]) -> String {
    let mut rows = String::new();
    for file in files {
        for rule in rules(file) {
            let list = |field: &str, absent: &str| {
                let items: Vec<&str> =
                    rule[field].as_array().into_iter().flatten().map(|item| item.as_str().unwrap()).collect();
                assert!(!items.contains(&"*"), "{file}: everything");
                if items.iter().all(|item| item.is_empty()) { absent.to_owned() } else { items.join(", ") }
            };
            let (groups, resources) = (list("apiGroups", "core"), list("resources", ""));
            rows += &format!("| {groups} | {resources} | {} | {} |\n", list("resourceNames", "all"), list("verbs", ""));
        }
    }
    rows
}

#[test]
fn security_page_lists_what_is_granted() {
    let page = read("SECURITY.md");
    for (name, files) in RIGHTS {
        let begin =
            format!("<!-- rights of {name} -->\n| API group | resources | names | verbs |\n|---|---|---|---|\n");
        let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{begin}"));
        let (listed, _) = rest.split_once("<!-- end -->").unwrap();
        assert_eq!(listed, rows(files), "{name}");
    }
    let mut roles = Vec::new();
    find_roles(&crate::tree::root().join("manifests"), &mut roles);
    assert_eq!(roles.len(), RIGHTS.iter().map(|(_, files)| files.len()).sum::<usize>(), "{roles:?}: all are listed");
}

fn find_roles(folder: &Path, roles: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_roles(&path, roles);
        } else if path.to_str().unwrap().ends_with("role.yaml") {
            roles.push(path);
        }
    }
}

/// The cluster tests give podgate the rights of these options at once. That shows of each option that its own are enough only if
/// no other option's rights can stand in for them. Those of the gates and of the reports are shared with others, and are not given
/// there: they are shown to be enough in a cluster of their own.
#[test]
fn no_two_options_need_rights_to_the_same_resource() {
    let mut needed_by = BTreeMap::new();
    for (name, files) in RIGHTS.into_iter().filter(|(name, _)| ![GATES, REPORTS].contains(name)) {
        for rule in files.iter().flat_map(|file| rules(file)) {
            for resource in rule["resources"].as_array().unwrap() {
                let group = rule["apiGroups"][0].as_str().unwrap().to_owned();
                let other = needed_by.insert((group, resource.to_string()), name);
                assert!(other.is_none_or(|other| other == name), "{name} and {other:?}: {rule}");
            }
        }
    }
}
