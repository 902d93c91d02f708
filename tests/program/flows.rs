//! The workflows of `.github`: what runs there is pinned, may do little, and leaves out no step of `.ci/run`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_json::Value;

use super::tree::root;

/// The workflows, and the action.
fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join(".github/workflows")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    files.push(root().join("action.yml"));
    files
}

fn yaml(text: &str) -> Value {
    let documents = podgate_engine::syntax::yaml::documents(text).unwrap();
    serde_json::from_str(&documents[0].to_json().unwrap()).unwrap()
}

/// Calls `visit` for each value under a key of this name, however deep.
fn visit<'a>(value: &'a Value, key: &str, visit_one: &mut impl FnMut(&'a Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == key {
                    visit_one(value);
                }
                visit(value, key, visit_one);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, key, visit_one)),
        _ => {}
    }
}

/// A tag can be moved to other code; the version behind the hash is what dependency updates and people read.
#[test]
fn actions_are_pinned_by_one_hash_each() {
    let mut pins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files() {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            if used.starts_with("./") {
                continue;
            }
            let (action, pin) = used.split_once('@').unwrap_or_else(|| panic!("{}: {line}", file.display()));
            let (hash, version) = pin.split_once(" # v").unwrap_or_else(|| panic!("{}: {line}", file.display()));
            let is_hash = hash.len() == 40 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let parts: Vec<_> = version.split('.').collect();
            let is_version = parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok());
            assert!(is_hash && is_version, "{}: {line}", file.display());
            pins.entry(action.to_owned()).or_default().insert(pin.to_owned());
        }
    }
    assert!(pins.len() >= 5, "{pins:?}");
    for (action, pins) in pins {
        assert_eq!(pins.len(), 1, "{action} is pinned to several versions: {pins:?}");
    }
}

/// An expression in a script would run what is written into a title or a branch's name.
#[test]
fn no_script_has_an_expression_in_it() {
    let mut scripts = 0;
    for file in files() {
        visit(&yaml(&fs::read_to_string(&file).unwrap()), "run", &mut |run| {
            // `defaults` has a map of this name.
            let Some(script) = run.as_str() else { return };
            assert!(!script.contains("${{"), "{}: {script}", file.display());
            scripts += 1;
        });
    }
    assert!(scripts >= 15, "{scripts}");
}

#[test]
fn jobs_may_do_no_more_than_they_say() {
    for file in files().iter().filter(|file| !file.ends_with("action.yml")) {
        let text = fs::read_to_string(file).unwrap();
        let workflow = yaml(&text);
        let file = file.display();
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{file}");
        assert!(workflow["on"].get("pull_request_target").is_none(), "{file}");
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let rights = job["permissions"].as_object().unwrap_or_else(|| panic!("{file}: {name} names no rights"));
            assert!(job["timeout-minutes"].is_u64(), "{file}: {name} may run for hours");
            // Only what a person has let through may publish; the site has an environment of its own.
            if rights.values().any(|right| right == "write") {
                let environment = job["environment"].as_str().or(job["environment"]["name"].as_str());
                assert!(matches!(environment, Some("release" | "github-pages")), "{file}: {name} can write");
            }
        }
    }
}

/// CI on GitHub and `.ci/run` are the same.
#[cfg(unix)]
#[test]
fn every_step_of_ci_is_in_one_job() {
    let ci = |argument: &str| std::process::Command::new(root().join(".ci/run")).arg(argument).output().unwrap();
    let listed = String::from_utf8(ci("--list").stdout).unwrap();
    let listed: Vec<&str> = listed.lines().collect();
    assert!(listed.len() >= 15, "{listed:?}");
    let workflow = yaml(&fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap());
    let jobs = &workflow["jobs"]["steps"]["strategy"]["matrix"]["include"];
    let mut run: Vec<&str> =
        jobs.as_array().unwrap().iter().flat_map(|job| job["steps"].as_str().unwrap().split(' ')).collect();
    run.sort_unstable();
    let mut wanted = listed.clone();
    wanted.sort_unstable();
    assert_eq!(run, wanted, "the jobs of ci.yml beside .ci/run --list");

    let script = fs::read_to_string(root().join(".ci/run")).unwrap();
    for step in &listed {
        assert!(script.contains(&format!("\n    {step})\n        title ")), "step {step} has no commands");
    }
    let refused = ci("nothing");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("there is no step \"nothing\"; steps: lint "));
}
