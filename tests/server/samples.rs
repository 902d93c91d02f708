//! Every file of `samples/`, posted as its README says, answers what its README says. `UPDATE=1 cargo test` rewrites the
//! answers there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::support::TestServer;

fn samples() -> PathBuf {
    crate::tree::root().join("samples")
}

/// A row of the README's table: its file, its webhook, and what comes before the last cell.
struct Row<'t> {
    file: &'t str,
    webhook: &'t str,
    start: &'t str,
}

impl<'t> Row<'t> {
    fn read(line: &'t str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
        let [file, webhook, _what, answer] = cells[..] else { panic!("not understood: {line}") };
        let name = |cell: &'t str| cell.trim_matches('`');
        Some(Self { file: name(file), webhook: name(webhook), start: line.strip_suffix(answer)? })
    }
}

/// What the table says of this answer to this request.
fn said(request: &Value, answer: &Value) -> String {
    assert_eq!(
        (&answer["apiVersion"], &answer["kind"]),
        (&request["apiVersion"], &request["kind"]),
        "an answer is of the kind and version of its request"
    );
    let response = &answer["response"];
    assert_eq!(response["uid"], request["request"]["uid"]);
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|text| format!("`{}`", text.as_str().unwrap())).collect()
    };
    let warnings = texts(&response["warnings"]);
    if response["allowed"] == false {
        let causes = response["status"]["details"]["causes"].as_array().unwrap();
        let (field, message) = (causes[0]["field"].as_str().unwrap(), causes[0]["message"].as_str().unwrap());
        let more = if causes.len() > 1 { format!(", and {} more", causes.len() - 1) } else { String::new() };
        let beside = if warnings.is_empty() { String::new() } else { format!("; warned: {}", warnings.join(", ")) };
        return format!("denied: `{field}: {message}`{more}{beside}");
    }
    match &response["patch"] {
        Value::String(patch) => {
            assert_eq!(response["patchType"], "JSONPatch");
            let patch = BASE64_STANDARD.decode(patch).unwrap();
            let operations: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
            json_patch::patch(&mut request["request"]["object"].clone(), &operations).unwrap();
            let paths: Vec<String> = operations.iter().map(|add| format!("`{}`", add.path())).collect();
            format!("patched: adds {}", paths.join(", "))
        }
        _ if warnings.is_empty() => "allowed".to_owned(),
        _ => format!("warned: {}", warnings.join(", ")),
    }
}

/// The answer of `podgate review`, and its exit code.
fn review(webhook: &str, file: &str) -> (Value, Option<i32>) {
    let mut podgate = Command::new(env!("CARGO_BIN_EXE_podgate-under-test"));
    podgate.current_dir(samples()).args(["review", "--policy", "policy.yaml", file]);
    if webhook == "/mutate" {
        podgate.arg("--mutate");
    }
    let output = podgate.output().unwrap();
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

#[tokio::test]
async fn every_sample_answers_as_the_readme_says() {
    let readme_file = samples().join("README.md");
    let readme = fs::read_to_string(&readme_file).unwrap();
    let policy = podgate::files::load_policy(&samples().join("policy.yaml")).unwrap();
    let server = TestServer::start_with_policy(&policy).await;
    let client = server.client().build().unwrap();

    let mut listed = BTreeSet::new();
    let mut updated = String::new();
    for line in readme.lines() {
        if let Some(Row { file, webhook, start }) = Row::read(line) {
            assert!(listed.insert(file.to_owned()), "{file} is listed twice");
            let body = fs::read_to_string(samples().join(file)).unwrap();
            let request = client.post(server.url(webhook)).header("content-type", "application/json");
            let answer = request.body(body.clone()).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{file}");
            let answer: Value = answer.json().await.unwrap();
            let exit_code = Some(i32::from(answer["response"]["allowed"] == false));
            assert_eq!(
                review(webhook, file),
                (answer.clone(), exit_code),
                "{file}: podgate review and the server differ"
            );
            updated.push_str(&format!("{start}{} |", said(&serde_json::from_str(&body).unwrap(), &answer)));
        } else {
            updated.push_str(line);
        }
        updated.push('\n');
    }

    let files = fs::read_dir(samples()).unwrap().map(|entry| PathBuf::from(entry.unwrap().file_name()));
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    let files: BTreeSet<String> = files.map(|file| file.to_str().unwrap().to_owned()).collect();
    assert_eq!(listed, files, "the table lists every sample");
    for answer in ["| allowed |", "| denied: ", "| warned: ", "| patched: "] {
        assert!(updated.contains(answer), "no sample shows {answer}");
    }
    hold(&readme_file, &updated);
}

/// Has a document say `expected`; with `UPDATE` set it is rewritten.
fn hold(file: &Path, expected: &str) {
    if fs::read_to_string(file).unwrap() != expected {
        let name = file.display();
        assert!(std::env::var_os("UPDATE").is_some(), "{name} should say (UPDATE=1 cargo test):\n{expected}");
        fs::write(file, expected).unwrap();
    }
}

/// The answer that docs/install.md shows to whoever builds podgate is the one that the server gives.
#[tokio::test]
async fn quick_start_shows_the_real_answer() {
    let server = TestServer::start().await;
    let body = fs::read(samples().join("port-conflict.json")).unwrap();
    let request = server.client().build().unwrap().post(server.url("/validate"));
    let answer =
        request.header("content-type", "application/json").body(body).send().await.unwrap().text().await.unwrap();

    let file = crate::tree::root().join("docs/install.md");
    let page = fs::read_to_string(&file).unwrap();
    let (before, shown) = page.split_once("\n{\"kind\":\"AdmissionReview\"").unwrap();
    let (_, after) = shown.split_once('\n').unwrap();
    hold(&file, &format!("{before}\n{answer}\n{after}"));
}
