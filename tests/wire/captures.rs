//! Real requests of a real API server, answered as it accepts; and what podgate decides on them, written down.

use std::fs;

use podgate_engine::{
    admission::{Decision, Mode, Record, handle},
    policy::Engine,
};

use serde_json::{Value, json};

use super::{
    api_server::accept,
    judging::{FIRING, policy},
    tree::{hold, root},
};

/// Every captured request, with its name.
pub fn captures() -> Vec<(String, Vec<u8>)> {
    let data = root().join("tests/data");
    let mut captures = Vec::new();
    for folder in ["controllers", "requests"] {
        for entry in fs::read_dir(data.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_stem().unwrap().to_string_lossy());
            captures.push((name, fs::read(&path).unwrap()));
        }
    }
    captures.sort();
    captures
}

fn engines() -> [Engine; 2] {
    [Engine::default(), Engine::new(&policy(FIRING))]
}

#[test]
fn every_answer_is_accepted() {
    let captures = captures();
    assert!(captures.len() > 120, "only {} captures", captures.len());
    for (name, request) in &captures {
        for (engine, which) in engines().iter().zip(["default", "firing"]) {
            for mode in [Mode::Validate, Mode::Mutate] {
                let response = handle(engine, mode, request);
                let accepted = accept(mode, request, &response);
                let accepted = accepted.unwrap_or_else(|error| panic!("{name}, {mode:?}, {which} policy: {error}"));
                let denied = response.record.decision == Decision::Denied;
                assert_eq!(
                    (accepted.allowed, accepted.patch.is_empty()),
                    (!denied, response.record.mutations.is_empty())
                );
                assert_eq!(response.record.error, None, "{name}");
            }
        }
    }
}

#[test]
fn v1beta1_is_answered_in_v1beta1_and_alike() {
    let v1 = r#""apiVersion": "admission.k8s.io/v1""#;
    for (name, request) in captures() {
        let request = String::from_utf8(request).unwrap();
        assert_eq!(request.matches(v1).count(), 1, "{name}");
        let beta = request.replace(v1, r#""apiVersion": "admission.k8s.io/v1beta1""#).into_bytes();
        for engine in engines() {
            for mode in [Mode::Validate, Mode::Mutate] {
                let read = |request: &[u8]| accept(mode, request, &handle(&engine, mode, request));
                let (old, new) = (read(&beta), read(request.as_bytes()));
                assert!(old.is_ok(), "{name}: {old:?}");
                assert_eq!(old, new, "{name}");
            }
        }
    }
}

/// Adds a container that declares the port of the first, in every Pod or template that the object holds. Gives how many there were.
fn break_ports(value: &mut Value) -> usize {
    match value {
        Value::Object(map) => {
            let own = match map.get_mut("containers").and_then(Value::as_array_mut) {
                Some(containers) => {
                    let ports = json!([{"containerPort": 8080}]);
                    if let Some(first) = containers.first_mut() {
                        first["ports"] = ports.clone();
                    }
                    containers.push(json!({"name": "other", "image": "example.com/other:1", "ports": ports}));
                    1
                }
                None => 0,
            };
            own + map.values_mut().map(break_ports).sum::<usize>()
        }
        _ => 0,
    }
}

/// The captures with such a container in the objects named, where they have Pods or templates to put it in.
fn broken(objects: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut captures: Vec<(String, Vec<u8>)> = captures();
    captures.retain_mut(|(_, request)| {
        let mut review: Value = serde_json::from_slice(request).unwrap();
        let broken = objects.iter().map(|object| break_ports(&mut review["request"][object]["spec"])).sum::<usize>()
            + objects.iter().map(|object| break_ports(&mut review["request"][object]["template"])).sum::<usize>();
        *request = review.to_string().into_bytes();
        broken > 0
    });
    captures
}

/// None of the captures breaks a rule. With a port that two containers declare, every one that is judged is denied in a form that
/// the API server accepts, at a place that is there.
#[test]
fn a_defect_in_a_real_request_is_denied() {
    let mut denied = 0;
    for (name, request) in broken(&["object"]) {
        let response = handle(&Engine::default(), Mode::Validate, &request);
        let accepted = accept(Mode::Validate, &request, &response).unwrap_or_else(|error| panic!("{name}: {error}"));
        let review: Value = serde_json::from_slice(&request).unwrap();
        let part = |name: &str| review["request"][name].as_str().unwrap_or_default();
        let judged = match part("operation") {
            "CREATE" => true,
            "UPDATE" => matches!(part("subResource"), "" | "ephemeralcontainers" | "resize"),
            _ => false,
        };
        // What a controller makes of a template is let be.
        let controller = review["request"]["userInfo"]["username"].as_str().unwrap().ends_with("-controller");
        let owned = review["request"]["object"]["metadata"]["ownerReferences"].is_array();
        let terminating = !review["request"]["object"]["metadata"]["deletionTimestamp"].is_null();
        assert_eq!(accepted.allowed, !judged || terminating || controller && owned, "{name}");
        assert!(accepted.allowed || accepted.annotations["port-conflict"].starts_with("deny "), "{name}");
        let spared = judged && !terminating && controller && owned;
        let said = |text: &String| text.contains("(deny for anybody but the controller; mend ");
        assert!(!spared || accepted.annotations.get("port-conflict").is_some_and(said), "{name}: {accepted:?}");
        // Of a Pod that is there it is also told that its containers are fixed.
        for (field, _) in accepted.causes.iter().filter(|(field, _)| field.ends_with("Port")) {
            let pointer = format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
            assert_eq!(review["request"]["object"].pointer(&pointer), Some(&json!(8080)), "{name}: {field}");
            denied += 1;
        }
    }
    assert!(denied > 20, "only {denied} denials");
}

/// What was broken before an update stays editable.
#[test]
fn a_defect_that_was_there_is_let_be() {
    let updates = broken(&["object", "oldObject"]).into_iter().filter(|(_, request)| {
        let review: Value = serde_json::from_slice(request).unwrap();
        review["request"]["operation"] == "UPDATE"
    });
    let mut count = 0;
    for (name, request) in updates {
        let response = handle(&Engine::default(), Mode::Validate, &request);
        let accepted = accept(Mode::Validate, &request, &response).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(accepted.allowed && accepted.annotations.is_empty(), "{name}: {accepted:?}");
        count += 1;
    }
    assert!(count > 15, "only {count} updates");
}

/// One line a capture: what it asks, and what is decided with and without judging.
fn decision(name: &str, request: &[u8], engine: &Engine) -> String {
    let said = |record: &Record<'_>| {
        let findings = record.findings.iter().map(|(rule, level)| format!(" {level}[{rule}]"));
        let mutations = record.mutations.iter().map(|mutation| format!(" {mutation}"));
        let decision = format!("{:?}", record.decision).to_lowercase();
        findings.chain(mutations).fold(decision, |line, part| line + &part)
    };
    let validated = handle(engine, Mode::Validate, request).record;
    let mutated = handle(engine, Mode::Mutate, request).record;
    let (operation, kind) = (validated.operation, validated.kind);
    format!("{name:<50} {operation:<7} {kind:<22} {:<50} {}", said(&validated), said(&mutated))
}

/// A change of behaviour on real requests shows as a change of this file.
#[test]
fn decisions_are_as_written_down() {
    let engine = Engine::new(&policy(FIRING));
    let section = |title: &str, captures: Vec<(String, Vec<u8>)>| {
        let lines = captures.iter().map(|(name, request)| decision(name, request, &engine));
        lines.fold(format!("# {title}: validate, mutate\n"), |text, line| text + line.trim_end() + "\n")
    };
    let as_captured = section("As captured", captures());
    let broken = section("The same with a port that is declared twice", broken(&["object"]));
    hold("tests/data/decisions.txt", &format!("{as_captured}\n{broken}"));
}
