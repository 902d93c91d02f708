//! The manifests of the tour, and the places that show what the command says of them.

use std::{collections::BTreeSet, fs};

use podgate_engine::rules::RULES;
use serde_json::Value;

use super::{run, tree::root};

/// What no manifest can show: a Pod that somebody deletes, a status that changes, and a version that nobody names.
const NOT_IN_MANIFESTS: [&str; 3] = ["deletion-bypasses-budget", "terminal-phase-left", "field-not-in-version"];

#[test]
fn good_manifests_have_no_findings() {
    let ran = run(&root(), &["check", "samples/good", "--fail-on", "audit"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}

/// Those of docs/gates.md, and the policy by which their Pods wait.
#[test]
fn manifests_whose_pods_wait_have_no_findings() {
    let ran = run(&root(), &["check", "samples/wait-for", "--fail-on", "audit"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let ran = run(&root(), &["policy", "check", "samples/wait-for/policy.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn bad_manifests_show_every_rule() {
    let ran = run(&root(), &["check", "samples/bad", "--old", "samples/old", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let found: BTreeSet<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    let wanted: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !NOT_IN_MANIFESTS.contains(id)).collect();
    assert_eq!(found, wanted);
}

/// Every command line of the examples is one that podgate takes, and every file that they name is there.
#[test]
fn examples_for_pipelines_work() {
    let text = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let mut commands = 0;
    for line in text.lines().map(str::trim).map(|line| line.trim_start_matches("- ")) {
        let Some(start) = line.find("podgate check").or_else(|| line.find("podgate fix")) else { continue };
        if line.starts_with(['#', '|']) || line.contains('`') || line.contains(char::is_uppercase) {
            continue;
        }
        let words: Vec<&str> = line[start..].split_whitespace().skip(1).collect();
        // With --help only the command line is read; what it says wrong comes first.
        let folder =
            super::folder(&[("deploy/web.yaml", "a: 1\n"), ("old/web.yaml", "a: 1\n"), ("podgate.yaml", POLICY)]);
        let words: Vec<&str> = words.into_iter().take_while(|word| !matches!(*word, "||" | "|" | "&&" | ">")).collect();
        let ran = run(folder.path(), &[&words[..], &["--ignore", "nothing"]].concat());
        assert!(!ran.stderr.contains("error:"), "{line}\n{}", ran.stderr);
        commands += 1;
    }
    assert!(commands >= 4, "only {commands} commands");
}

const POLICY: &str = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\n";

/// What the hooks run are commands of podgate.
#[test]
fn hooks_run_commands() {
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let documents = podgate_engine::syntax::yaml::documents(&text).unwrap();
    let hooks: Value = serde_json::from_str(&documents[0].to_json().unwrap()).unwrap();
    for hook in hooks.as_array().unwrap() {
        let entry = hook["entry"].as_str().unwrap();
        let words: Vec<&str> = entry.split(' ').skip(1).chain(["--help"]).collect();
        assert!(entry.starts_with("podgate ") && run(&root(), &words).code == 0, "{entry}");
    }
}
