//! What programs read.

use std::path::Path;

use quick_xml::events::Event;
use serde_json::Value;

use super::{Ran, folder, run};

const BAD: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, ports: [{containerPort: 8080}]}
      - name: metrics
        ports:
        - containerPort: 8080
";

fn report(folder: &Path, format: &str) -> Ran {
    run(folder, &["check", "--format", format, "."])
}

#[test]
fn json_is_what_the_promise_says() {
    let folder = folder(&[("deploy/web.yaml", BAD), ("values.yaml", "a: 1\n"), ("broken.yaml", "apiVersion: [\n")]);
    let ran = report(folder.path(), "json");
    assert_eq!(ran.code, 2);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["version"], 1);
    let findings = report["findings"].as_array().unwrap();
    let conflict = findings.iter().find(|finding| finding["rule"] == "port-conflict").unwrap();
    let expected = serde_json::json!({
        "rule": "port-conflict", "level": "deny",
        "message": "container \"metrics\" declares 8080/TCP, already declared by \"app\", which runs at the same time",
        "file": "deploy/web.yaml", "line": 13, "column": 11,
        "path": "spec.template.spec.containers[1].ports[0].containerPort",
        "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web",
    });
    assert_eq!(conflict, &expected);
    let summary = &report["summary"];
    let keys: Vec<&str> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "files",
            "objects",
            "judged",
            "skipped",
            "environments",
            "inSeveralEnvironments",
            "repeated",
            "deny",
            "warn",
            "audit",
            "ignored",
            "before",
            "inBaseline",
        ]
    );
    assert_eq!((&summary["files"], &summary["objects"], &summary["skipped"]), (&3.into(), &1.into(), &1.into()));
    assert_eq!(summary["deny"], 1);
    let error = &report["errors"][0];
    assert_eq!((&error["file"], &error["line"]), (&"broken.yaml".into(), &1.into()), "{error}");
}

#[test]
fn sarif_is_valid() {
    // The standard has a bracket too much in one pattern, which makes it no pattern at all.
    let schema = include_str!("../data/sarif-schema-2.1.0.json").replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let files = [("a b/wéb.yaml", BAD), ("broken.yaml", "apiVersion: [\n"), ("note.yaml", NOTICE)];
    let folder = folder(&files);
    let log: Value = serde_json::from_str(&report(folder.path(), "sarif").stdout).unwrap();
    let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0"})), "the schema has to refuse something");

    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let conflict = results.iter().find(|result| result["ruleId"] == "port-conflict").unwrap();
    let physical = &conflict["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "a%20b/w%C3%A9b.yaml");
    assert_eq!(physical["region"], serde_json::json!({"startLine": 13, "startColumn": 11}));
    let index = usize::try_from(conflict["ruleIndex"].as_u64().unwrap()).unwrap();
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!((&rule["id"], &conflict["level"]), (&"port-conflict".into(), &"error".into()));
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("# What it does"));
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notifications.len(), 2, "{notifications:#?}");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}

const NOTICE: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {ignore.podgate.dev/port-conflict: \"\"}}
spec: {containers: [{name: a, image: x}]}
";

#[test]
fn fingerprints_outlive_a_moved_line() {
    let prints = |text: &str| -> Vec<String> {
        let folder = folder(&[("web.yaml", text)]);
        let log: Value = serde_json::from_str(&report(folder.path(), "sarif").stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|result| result["partialFingerprints"]["podgate/v1"].as_str().unwrap().to_owned()).collect()
    };
    let before = prints(BAD);
    assert_eq!(before, prints(&format!("# a comment\n\n{BAD}")));
    let mut unique = before.clone();
    unique.sort();
    unique.dedup();
    assert!(before.len() > 3 && unique.len() == before.len());
    assert_ne!(before, prints(&BAD.replace("name: web", "name: api")));
}

#[test]
fn junit_is_valid() {
    let folder = folder(&[("web.yaml", BAD), ("broken.yaml", "apiVersion: [\n"), ("fine.yaml", "a: 1\n")]);
    let text = report(folder.path(), "junit").stdout;
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let suites: Vec<&str> = report.test_suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(suites, ["broken.yaml", "fine.yaml", "web.yaml"]);
    assert_eq!((report.errors, report.failures), (1, 1), "{text}");
    for suite in &report.test_suites {
        assert!(suite.tests > 0, "{text}");
        assert_eq!(suite.tests, suite.test_cases.len());
    }
    assert_eq!(report.tests, report.test_suites.iter().map(|suite| suite.test_cases.len()).sum::<usize>());
    let all = run(folder.path(), &["check", "--format", "junit", "--fail-on", "audit", "web.yaml"]).stdout;
    let all = quick_junit::Report::deserialize_from_str(&all).unwrap();
    assert!(all.failures > 1 && all.failures == all.tests, "{all:?}");
}

/// An element, its children, its attributes, and how many of these it has to have: the first ones. This is what Jenkins reads:
/// junit-10.xsd of <https://github.com/jenkinsci/xunit-plugin>. A time-stamp is text there, and a time a decimal number.
const JUNIT: [(&str, &[&str], &[&str], usize); 6] = [
    ("testsuites", &["testsuite"], &["name", "time", "tests", "failures", "errors"], 0),
    (
        "testsuite",
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        ],
        4,
    ),
    (
        "testcase",
        &["skipped", "error", "failure", "system-out", "system-err"],
        &["name", "time", "classname", "group"],
        1,
    ),
    ("failure", &[], &["type", "message"], 0),
    ("error", &[], &["type", "message"], 0),
    ("system-out", &[], &[], 0),
];

/// What in `text` is not as [`JUNIT`] says.
fn junit_mistakes(text: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                let known = |name: &str| JUNIT.iter().find(|(known, ..)| *known == name);
                let is_child = match open.last() {
                    Some(parent) => known(parent).is_some_and(|(_, children, ..)| children.contains(&&*name)),
                    None => name == "testsuites",
                };
                let seen: Vec<String> = element
                    .attributes()
                    .map(|attribute| String::from_utf8(attribute.unwrap().key.as_ref().to_vec()).unwrap())
                    .collect();
                if !is_child {
                    mistakes.push(format!("{name} in {open:?}"));
                } else if let Some((_, _, attributes, required)) = known(&name) {
                    let unknown = seen.iter().filter(|seen| !attributes.contains(&seen.as_str()));
                    mistakes.extend(unknown.map(|unknown| format!("{name} has {unknown}")));
                    let missing =
                        attributes[..*required].iter().filter(|required| !seen.iter().any(|seen| seen == *required));
                    mistakes.extend(missing.map(|missing| format!("{name} has no {missing}")));
                }
                open.push(name);
            }
            Event::End(_) => drop(open.pop()),
            Event::Text(text)
                if !matches!(open.last().map(String::as_str), Some("failure" | "error" | "system-out"))
                    && !text.iter().all(u8::is_ascii_whitespace) =>
            {
                mistakes.push(format!("text in {open:?}"));
            }
            Event::Eof => return mistakes,
            _ => {}
        }
    }
}

#[test]
fn junit_is_as_its_readers_want_it() {
    let folder = folder(&[("web.yaml", BAD), ("broken.yaml", "apiVersion: [\n"), ("fine.yaml", "a: 1\n")]);
    for level in ["deny", "audit", "never"] {
        let text = run(folder.path(), &["check", "--format", "junit", "--fail-on", level, "."]).stdout;
        assert!(text.contains("<testcase"), "{text}");
        assert_eq!(junit_mistakes(&text), [""; 0], "{text}");
    }
    let bad = "<testsuites id=\"1\"><testcase name=\"a\"/><testsuite name=\"a\" tests=\"1\" errors=\"0\">b</testsuite></testsuites>";
    let mistakes = [
        "testsuites has id",
        "testcase in [\"testsuites\"]",
        "testsuite has no failures",
        "text in [\"testsuites\", \"testsuite\"]",
    ];
    assert_eq!(junit_mistakes(bad), mistakes);
}

#[test]
fn github_commands_are_escaped() {
    let folder = folder(&[("a,b:c%.yaml", &BAD.replace("name: metrics", "name: \"100%\\nx\""))]);
    let text = report(folder.path(), "github").stdout;
    let line = text.lines().find(|line| line.contains("port-conflict")).unwrap();
    assert!(
        line.starts_with(
            "::error file=a%2Cb%3Ac%25.yaml,line=13,col=11,title=podgate%3A port-conflict::container \"100%25"
        ),
        "{line}"
    );
    assert!(text.lines().all(|line| line.starts_with("::") || line.starts_with("1 file, 1 object: ")), "{text}");
    for command in ["::warning ", "::notice "] {
        assert!(text.lines().any(|line| line.starts_with(command)), "{text}");
    }
}

#[test]
fn several_formats_at_once() {
    let folder = folder(&[("web.yaml", BAD)]);
    let args = [
        "check",
        "web.yaml",
        "--format",
        "sarif",
        "-o",
        "out.sarif",
        "--format",
        "text",
        "--format",
        "json",
        "-o",
        "out.json",
    ];
    let ran = run(folder.path(), &args);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.starts_with("web.yaml:"), "{}", ran.stdout);
    let read = |file: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(file)).unwrap()).unwrap()
    };
    assert_eq!((&read("out.sarif")["version"], &read("out.json")["version"]), (&"2.1.0".into(), &1.into()));
    assert_eq!(run(folder.path(), &["check", "web.yaml", "--format", "sarif", "--format", "text"]).code, 2);
}

#[test]
fn gitlab_gets_what_it_requires() {
    let folder = folder(&[("deploy/web.yaml", BAD), ("broken.yaml", "apiVersion: [\n")]);
    let issues: Value = serde_json::from_str(&report(folder.path(), "gitlab").stdout).unwrap();
    let issues = issues.as_array().unwrap();
    for issue in issues {
        for field in ["description", "check_name", "fingerprint", "severity"] {
            assert!(issue[field].is_string(), "{issue}");
        }
        assert!(issue["location"]["lines"]["begin"].as_u64() > Some(0), "{issue}");
    }
    let fingerprints: std::collections::BTreeSet<_> = issues.iter().map(|it| it["fingerprint"].to_string()).collect();
    assert_eq!(fingerprints.len(), issues.len());
    let conflict = issues.iter().find(|issue| issue["check_name"] == "port-conflict").unwrap();
    assert_eq!((&conflict["severity"], &conflict["location"]["path"]), (&"critical".into(), &"deploy/web.yaml".into()));
    assert_eq!((&issues[0]["severity"], &issues[0]["location"]["path"]), (&"blocker".into(), &"broken.yaml".into()));
}

#[test]
fn github_shows_a_summary_of_the_step() {
    let folder = folder(&[("deploy/web.yaml", BAD)]);
    std::fs::write(folder.path().join("summary.md"), "before\n").unwrap();
    let mut command = super::podgate(folder.path());
    command.args(["check", "--format", "github", "."]).env("GITHUB_STEP_SUMMARY", "summary.md");
    assert_eq!(Ran::from(command.output().unwrap()).code, 1);
    let summary = std::fs::read_to_string(folder.path().join("summary.md")).unwrap();
    assert!(summary.starts_with("before\n### podgate\n\n"), "{summary}");
    assert!(
        summary.contains("| deny | port-conflict | deploy/web.yaml:13 | Deployment shop/web: container"),
        "{summary}"
    );
}

/// The schema is made of the types that are written, and holds for what is written of all that the tour has.
#[test]
fn json_is_as_its_schema_says() {
    let schema = podgate_manifests::output::json::schema();
    super::tree::hold("docs/check.schema.json", &format!("{schema:#}\n"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let root = super::tree::root();
    for args in [&["samples/bad", "--old", "samples/old"][..], &["charts"], &["Cargo.toml"]] {
        let ran = super::run(&root, &[&["check", "--format", "json"], args].concat());
        let mut report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
        assert_eq!(validator.validate(&report).map_err(|error| error.to_string()), Ok(()), "{args:?}");
        report["summary"]["deny"] = "none".into();
        assert!(!validator.is_valid(&report), "the schema has to refuse something");
    }
}
