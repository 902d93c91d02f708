//! The functions of the playground, without a browser: what they say is what the program says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    slice,
};

use podgate_engine::{
    policy::{Engine, LifecyclePolicy, parse},
    rules::{self, RULES, family::FAMILIES},
};
use podgate_manifests::{Check, Outcome, Text, output::text};
use podgate_playground::{about, fix, judge, rule, timeline};
use serde_json::{Value, json};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

/// Returns all samples in a folder and in those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "json") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn asked(function: fn(&str) -> String, request: &Value) -> Value {
    serde_json::from_str(&function(&request.to_string())).unwrap()
}

/// Returns what there is at `pointer`, as text.
fn word<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().unwrap_or_else(|| panic!("no {field} in {value:#}"))
}

/// Judges as the program does.
fn checked(manifest: &str, old: Option<&str>, policy: Option<&str>) -> Outcome {
    let policy = policy.map_or_else(LifecyclePolicy::default, |policy| parse(policy, "policy").unwrap());
    let engine = Engine::new(&policy.for_files());
    let text = |text: &str| Text { name: "a.yaml".to_owned(), text: text.to_owned() };
    let old: Vec<Text> = old.map(text).into_iter().collect();
    let check = Check { engine: &engine, namespace: "default", old: &old, folder: "", around: &[] };
    check.run(slice::from_ref(&text(manifest)), &|_| {})
}

fn told(outcome: &Outcome) -> Vec<Value> {
    let finding = |found: &podgate_manifests::Located| {
        json!([found.rule.id, found.level, found.spot.place.line, found.spot.path.to_string(), found.message])
    };
    outcome.findings.iter().map(finding).collect()
}

fn told_by(judged: &Value) -> Vec<Value> {
    let finding =
        |found: &Value| json!([found["rule"], found["level"], found["line"], found["path"], found["message"]]);
    list(judged, "findings").iter().map(finding).collect()
}

/// Returns level and rule of what a picture shows of findings, in words, as the list of findings has them.
fn pinned(life: &Value) -> Vec<String> {
    let (_, below) = word(life, "/text").split_once("What podgate finds\n").unwrap_or_default();
    let is_finding = |line: &&str| ["deny[", "warn[", "audit["].iter().any(|start| line.starts_with(start));
    below.lines().filter(is_finding).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// Returns level and rule of what the list has of an object.
fn listed(judged: &Value, pods: &Value) -> Vec<String> {
    let object = format!("{} {}/{}", word(pods, "/kind"), word(pods, "/namespace"), word(pods, "/name"));
    let own = list(judged, "findings").iter().filter(|found| found["object"] == object);
    own.map(|found| format!("{}[{}]", word(found, "/level"), word(found, "/rule"))).collect()
}

#[test]
fn a_sample_is_judged_as_the_program_judges_it() {
    let (mut found, mut drawn) = (0, 0);
    for file in files(&samples()) {
        let manifest = fs::read_to_string(&file).unwrap();
        let old =
            file.ends_with("bad/updates.yaml").then(|| fs::read_to_string(samples().join("old/updates.yaml")).unwrap());
        let judged = asked(judge, &json!({"manifest": manifest, "old": old}));
        let outcome = checked(&manifest, old.as_deref(), None);
        assert_eq!(told_by(&judged), told(&outcome), "{}", file.display());
        assert_eq!(word(&judged, "/summary/text"), text::summary(&outcome), "{}", file.display());
        assert_eq!(list(&judged, "problems").len(), outcome.problems.len(), "{}", file.display());
        found += outcome.findings.len();
        for pods in list(&judged, "pods") {
            let life = asked(timeline, &json!({"manifest": manifest, "old": old, "pod": pods["id"]}));
            assert!(word(&life, "/svg").starts_with("<svg"), "{}", file.display());
            assert_eq!(pinned(&life), listed(&judged, pods), "{}", file.display());
            drawn += 1;
        }
    }
    assert!(found > 150 && drawn > 60, "{found} {drawn}");
}

#[test]
fn an_example_shows_its_family_and_a_life() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    let families: Vec<&str> = list(&about, "examples").iter().map(|example| word(example, "/family")).collect();
    assert_eq!(families, FAMILIES.iter().map(|family| family.id).collect::<Vec<_>>());
    for example in list(&about, "examples") {
        let (id, manifest) = (word(example, "/id"), word(example, "/manifest"));
        let judged = asked(judge, example);
        let outcome = checked(manifest, example["old"].as_str(), example["policy"].as_str());
        assert_eq!(told_by(&judged), told(&outcome), "{id}");
        let is_shown = |found: &&Value| {
            found["level"] != "audit" && rules::find(word(found, "/rule")).is_some_and(|rule| rule.family == id)
        };
        assert!(list(&judged, "findings").iter().any(|found| is_shown(&found)), "{id}: {judged:#}");
        let life = asked(timeline, example);
        assert!(life["endSeconds"].as_f64().unwrap() > 5.0, "{id}: {life:#}");
        let pods = list(&judged, "pods");
        let drawn = pods.iter().find(|pods| pods["id"] == example["pod"]).unwrap_or(&pods[0]);
        assert_eq!(pinned(&life), listed(&judged, drawn), "{id}");
        // Nobody need scroll sideways.
        assert!(manifest.lines().all(|line| line.len() <= 90), "{id}");
    }
}

#[test]
fn what_the_page_is_told_of_podgate() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    let ids = |field| list(&about, field).iter().map(|named| word(named, "/id")).collect::<Vec<_>>();
    assert_eq!(ids("levels"), ["deny", "warn", "audit"]);
    assert_eq!(ids("profiles"), ["audit", "advisory", "standard", "strict"]);
    assert_eq!(about["policySchema"]["title"], "LifecyclePolicy of podgate");
    let rules = list(&about, "families").iter().map(|family| list(family, "rules").len()).sum::<usize>();
    assert_eq!(rules, RULES.len());
    // A new policy changes nothing.
    let template = parse(word(&about, "/policyTemplate"), "policy").unwrap();
    assert_eq!(template, LifecyclePolicy::default());
}

#[test]
fn a_rule_has_a_page() {
    for known in RULES {
        let page: Value = serde_json::from_str(&rule(known.id)).unwrap();
        assert!(word(&page, "/page").starts_with(&format!("# {}\n", known.id)));
        let site = word(&page, "/site").strip_suffix(".html").unwrap().to_owned() + ".md";
        assert!(samples().join("../docs").join(&site).is_file(), "{site}");
        assert!(!word(&page, "/familyTitle").is_empty());
    }
    let unknown: Value = serde_json::from_str(&rule("naked-pood")).unwrap();
    assert_eq!(unknown, json!({"error": "there is no rule \"naked-pood\" (did you mean \"naked-pod\"?)"}));
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"\u{1f600}\", namespace: kube-system}\nspec:\n  restartPolicy: Sometimes\n  \
    containers: [{name: app, image: \"a:1\"}, {name: app2, image: \"\u{1f600}:1\", ports: [{containerPort: 99999}]}]\n";

#[test]
fn columns_are_those_of_javascript() {
    let judged = asked(judge, &json!({"manifest": POD}));
    let port = list(&judged, "findings").iter().find(|found| found["rule"] == "invalid-port").unwrap();
    let line = POD.lines().nth(5).unwrap();
    let units: Vec<u16> = line.encode_utf16().collect();
    let [from, to] = ["column", "endColumn"].map(|field| usize::try_from(port[field].as_u64().unwrap()).unwrap() - 1);
    assert_eq!(String::from_utf16(&units[from..to]).unwrap(), "containerPort");
    assert_eq!((&port["container"], &port["line"]), (&json!("app2"), &json!(6)));
    assert_eq!(port["ignore"], "ignore.podgate.dev/invalid-port: \"<reason>\"");
    // Namespaces of the cluster's own are for the cluster.
    assert_eq!(judged["summary"]["exitCode"], 1);
}

#[test]
fn a_profile_counts_instead_of_the_policys() {
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {profile: strict}\n";
    let counts = |request| {
        let judged = asked(judge, &request);
        ["deny", "warn", "audit"].map(|level| judged["summary"][level].as_u64().unwrap())
    };
    let [standard, strict, audit] = [
        json!({"manifest": POD, "policy": " \n"}),
        json!({"manifest": POD, "policy": policy}),
        json!({"manifest": POD, "policy": policy, "profile": "audit"}),
    ]
    .map(counts);
    assert_eq!([standard, strict, audit], [[2, 0, 3], [2, 3, 0], [0, 0, 5]]);
    // A profile without a policy is that of a policy that says nothing else: where it is strict, nobody ignores by annotation.
    let ignoring = POD.replace("namespace: kube-system", "annotations: {ignore.podgate.dev/invalid-port: tried out}");
    let ignored =
        |profile| asked(judge, &json!({"manifest": ignoring, "profile": profile}))["summary"]["ignored"].clone();
    assert_eq!([ignored("standard"), ignored("strict")], [1, 0]);
    let unknown = asked(judge, &json!({"manifest": POD, "profile": "lax"}));
    assert_eq!(unknown, json!({"error": "there is no profile \"lax\""}));
}

#[test]
fn a_policy_with_mistakes_judges_nothing() {
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  profil: strict\n  rules: {naked-pod: \"\u{1f600}\", x: off}\n";
    let judged = asked(judge, &json!({"manifest": POD, "policy": policy}));
    assert_eq!((&judged["isPolicyBroken"], &judged["summary"]["exitCode"]), (&json!(true), &json!(2)));
    assert!(list(&judged, "findings").is_empty());
    let problems = list(&judged, "policyProblems");
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert_eq!(
        word(&problems[0], "/message"),
        "spec.profil: unknown field \"profil\" (did you mean \"profile\"?); fields are kubernetesVersion, profile, rules, controllers, exemptions, kinds, namespaceLabels, scopes and mutations"
    );
    assert_eq!([&problems[0]["line"], &problems[0]["column"], &problems[0]["endColumn"]], [4, 3, 9]);
    for function in [fix, timeline] {
        let failed = asked(function, &json!({"manifest": POD, "policy": policy}));
        assert!(
            word(&failed, "/error").starts_with("the policy has mistakes, the first in line 4:3: spec.profil"),
            "{failed}"
        );
    }
}

#[test]
fn what_cannot_be_read_has_its_place_and_the_rest_is_judged() {
    let manifest =
        format!("{POD}---\na: [1\n---\nkind: Pod\napiVersion: v1\nmetadata: {{name: b}}\nspec: {{containers: 3}}\n");
    let judged = asked(judge, &json!({"manifest": manifest, "old": "x: [\n"}));
    let problems: Vec<(&str, Option<u64>)> =
        list(&judged, "problems").iter().map(|problem| (word(problem, "/in"), problem["line"].as_u64())).collect();
    assert_eq!(problems, [("manifest", Some(8)), ("manifest", Some(13)), ("old", Some(1))], "{judged:#}");
    assert_eq!(judged["summary"]["exitCode"], 2);
    assert!(!list(&judged, "findings").is_empty());
    let nothing = asked(judge, &json!({"manifest": "a: 1\n"}));
    assert_eq!(word(&nothing, "/summary/nothingJudged"), "no Kubernetes object in the manifest");
}

#[test]
fn a_request_that_is_none_is_told_so() {
    for function in [judge, fix, timeline] {
        for request in ["", "{", "[]", "{}", "{\"manifest\": 3}"] {
            let answer: Value = serde_json::from_str(&function(request)).unwrap();
            assert!(word(&answer, "/error").starts_with("the request cannot be read: "), "{answer}");
        }
    }
}

#[test]
fn very_many_findings_are_cut_to_the_worst() {
    let bad = POD.replace("kube-system", "shop");
    let many: String =
        (0..600).map(|number| format!("---\n{}", bad.replace("\u{1f600}", &format!("p{number}")))).collect();
    let judged = asked(judge, &json!({"manifest": many}));
    let findings = list(&judged, "findings");
    assert_eq!(findings.len(), 1000);
    let all = ["deny", "warn", "audit"].map(|level| judged["summary"][level].as_u64().unwrap());
    assert_eq!(judged["leftOut"].as_u64().unwrap() + 1000, all.iter().sum::<u64>());
    let denied = findings.iter().filter(|found| found["level"] == "deny").count() as u64;
    assert_eq!(denied, all[0].min(1000));
    assert!(findings.is_sorted_by_key(|found| found["line"].as_u64().unwrap()));
    assert_eq!(list(&judged, "pods").len(), 200);
}

#[test]
fn the_policys_additions_are_made_to_the_text() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    let example = list(&about, "examples").iter().find(|example| example["id"] == "fields").unwrap();
    let fixed = asked(fix, example);
    assert_eq!(fixed["addsNothing"], false);
    assert_eq!(
        fixed["changes"],
        json!([{
            "object": "Deployment shop/web",
            "path": "spec.template.spec.containers[0].readinessProbe",
            "mutation": "default-probes",
        }])
    );
    let (before, after) = (word(example, "/manifest"), word(&fixed, "/text"));
    assert!(after.len() > before.len() && after.contains("readinessProbe:"));
    assert!(before.lines().all(|line| after.contains(line)));
    let untouched = asked(fix, &json!({"manifest": before}));
    assert_eq!((&untouched["addsNothing"], word(&untouched, "/text")), (&json!(true), before));
}

#[test]
fn a_change_is_drawn_with_what_is_found_in_the_change() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    let example = list(&about, "examples").iter().find(|example| example["id"] == "ownership").unwrap();
    let mut new = example.clone();
    let changed = pinned(&asked(timeline, &new));
    assert_eq!(changed, ["deny[pod-field-change]", "deny[pod-field-change]"]);
    new.as_object_mut().unwrap().remove("old");
    assert!(pinned(&asked(timeline, &new)).contains(&"warn[node-name-set]".to_owned()));
}

/// The editor beside the findings is so wide on a screen of 1,440 pixels.
#[test]
fn what_an_example_says_of_itself_is_not_cut_off() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    for example in list(&about, "examples") {
        let texts = ["manifest", "old", "policy"].map(|field| example[field].as_str().unwrap_or_default());
        for line in texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with('#')) {
            assert!(line.len() <= 64, "{line}");
        }
    }
}

#[test]
fn a_field_that_the_version_drops_is_not_drawn() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    let example = list(&about, "examples").iter().find(|example| example["id"] == "fields").unwrap();
    let is_ready = |request: &Value| word(&asked(timeline, request), "/text").contains("is ready, and takes traffic");
    let newer = json!({"manifest": example["manifest"], "scenario": example["scenario"]});
    assert_eq!((is_ready(example), is_ready(&newer)), (false, true));
}

#[test]
fn a_scenario_and_a_theme_change_the_picture() {
    let about: Value = serde_json::from_str(&about()).unwrap();
    let example = list(&about, "examples").iter().find(|example| example["id"] == "probes").unwrap();
    let drawn = |change: &dyn Fn(&mut Value)| {
        let mut request = example.clone();
        change(&mut request);
        asked(timeline, &request)
    };
    let slow = drawn(&|_| {});
    let quick = drawn(&|request| request["scenario"]["containers"]["app"]["startsIn"] = json!(3));
    let killed = |life: &Value| word(life, "/text").contains("is given up by its startupProbe");
    assert!(killed(&slow) && !killed(&quick), "{slow:#}");
    assert!(list(&quick, "events").iter().any(|event| event["what"] == "is ready, and takes traffic"));
    let media = |theme: Value| {
        word(&drawn(&|request| request["theme"] = theme.clone()), "/svg").contains("prefers-color-scheme")
    };
    assert_eq!([json!(null), json!("light"), json!("dark")].map(media), [true, false, false]);
    let wrong = drawn(&|request| request["scenario"] = json!({"containers": {"ap": {}}}));
    assert!(
        word(&wrong, "/error").starts_with("scenario: there is no container \"ap\" (did you mean \"app\"?)"),
        "{wrong}"
    );
}
