//! `podgate timeline`: its pictures, its schemas, and what it says of bad input.

use std::{fs, path::PathBuf};

use podgate_manifests::timeline::json;
use serde_json::Value;

use super::{
    pipe, run,
    tree::{hold, root},
};

/// The samples, each with the flags that its first line names.
fn samples() -> Vec<(String, Vec<String>)> {
    let folders = ["samples/timeline", "samples/incidents"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| !file.to_str().unwrap().ends_with(".scenario.yaml")).collect();
    files.sort();
    let sample = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let line = text.lines().next().unwrap().strip_prefix("# podgate ").expect("the first line has the flags");
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        args.push(file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        (name, args)
    };
    files.iter().map(sample).collect()
}

fn drawn(args: &[String], format: &str) -> String {
    let args: Vec<&str> = args.iter().map(String::as_str).chain(["--format", format]).collect();
    let ran = run(&root(), &args);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
    ran.stdout
}

#[test]
fn every_sample_is_drawn() {
    let samples = samples();
    assert!(samples.len() >= 10);
    let schema = jsonschema::validator_for(&json::schema()).unwrap();
    for (name, args) in samples {
        hold(&format!("docs/pictures/{name}.svg"), &drawn(&args, "svg"));
        hold(&format!("docs/pictures/{name}.txt"), &drawn(&args, "text"));
        let page = drawn(&args, "html");
        assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("<script"), "{name}");
        let json: Value = serde_json::from_str(&drawn(&args, "json")).unwrap();
        assert_eq!(schema.validate(&json).map_err(|error| error.to_string()), Ok(()), "{name}");
    }
}

#[test]
fn a_field_that_the_version_of_the_policy_drops_is_not_drawn() {
    let [manifest, scenario, policy] =
        ["", "scenario.", "policy."].map(|of| format!("crates/playground/examples/fields.{of}yaml"));
    let args = ["timeline", &manifest, "--scenario", &scenario, "--policy", &policy];
    let is_ready = |args: &[&str]| run(&root(), args).stdout.contains("is ready, and takes traffic");
    // What was a sidecar is an init container that does not end.
    assert!(is_ready(&args[..4]) && !is_ready(&args));
}

#[test]
fn a_picture_has_the_findings_of_check() {
    for (name, args) in samples() {
        let file = args.last().unwrap();
        let judged: Value = serde_json::from_str(&run(&root(), &["check", "--format", "json", file]).stdout).unwrap();
        let drawn: Value = serde_json::from_str(&drawn(&args, "json")).unwrap();
        let told = |found: &Value| ["rule", "level", "path", "message"].map(|field| found[field].clone());
        let (kind, of) = (&drawn["object"]["kind"], &drawn["object"]["name"]);
        let is_own = |found: &&Value| &found["kind"] == kind && &found["name"] == of;
        let listed: Vec<_> = judged["findings"].as_array().unwrap().iter().filter(is_own).map(told).collect();
        let shown: Vec<_> = drawn["findings"].as_array().unwrap().iter().map(told).collect();
        assert_eq!(shown, listed, "{name}");
    }
}

#[test]
fn the_schemas_are_in_the_tree() {
    hold("docs/timeline.schema.json", &format!("{:#}\n", json::schema()));
    hold("docs/timeline-scenario.schema.json", &format!("{:#}\n", json::scenario_schema()));
}

#[test]
fn what_cannot_be_drawn_is_said_in_a_line() {
    let sample = "samples/timeline/slow-start.yaml";
    for (args, said) in [
        (vec!["timeline", sample, "--starts-in", "ap=3s"], "there is no container \"ap\" (did you mean \"app\"?)"),
        (vec!["timeline", sample, "--delete-at=-5s"], "\"-5s\" is no time: it is negative"),
        (vec!["timeline", sample, "--exits", "app=300@5s"], "\"300\" is no exit code"),
        (vec!["timeline", "samples/timeline"], "choose one with --object: Pod/crash-loop"),
        (vec!["timeline", sample, "--object", "Pod/slow-stat"], "(did you mean \"Pod/slow-start\"?)"),
    ] {
        let ran = run(&root(), &args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    }
    let ran = pipe(&root(), &["timeline"], b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no object with a Pod template"), "{}", ran.stderr);
}

#[test]
fn text_is_no_wider_than_asked() {
    for (name, mut args) in samples() {
        args.extend(["--width".to_owned(), "80".to_owned()]);
        for line in drawn(&args, "text").lines() {
            let is_word = line.split_whitespace().count() <= 2;
            assert!(line.chars().count() <= 80 || is_word, "{name}: {line}");
        }
    }
}
