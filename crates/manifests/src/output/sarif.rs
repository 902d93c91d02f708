//! SARIF 2.1.0, which code scanning services read.

use serde_json::{Value, json};

use crate::{Located, Outcome, Problem, Spot, fingerprint::fingerprints};
use podgate_engine::rules::{Level, RULES, Rule};

/// The address of the JSON Schema of SARIF 2.1.0.
pub const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The outcome as a SARIF log of one run. Every rule is in it with its page, found or not.
pub fn write(outcome: &Outcome) -> String {
    let findings = outcome.findings.iter().zip(fingerprints(&outcome.findings));
    let results: Vec<Value> = findings.map(|(finding, fingerprint)| result(finding, &fingerprint)).collect();
    let notices = outcome.notices.iter().map(|notice| {
        json!({ "level": "warning", "message": {"text": notice.message}, "locations": [location(&notice.spot)] })
    });
    let lines = outcome.reasons().into_iter();
    let not_judged = lines.map(|line| json!({ "level": "note", "message": {"text": format!("not judged: {line}")} }));
    let notifications: Vec<Value> = outcome.problems.iter().map(problem).chain(notices).chain(not_judged).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "podgate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": outcome.problems.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": format!("podgate rules {}", rule.id), "markdown": rule.page},
        "defaultConfiguration": {"level": level(rule.level)},
        "properties": {"tags": ["kubernetes", "reliability"]},
    })
}

/// Returns what SARIF calls a level.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Audit => "note",
        Level::Off => "none",
    }
}

fn result(finding: &Located, fingerprint: &str) -> Value {
    let index = RULES.iter().position(|rule| *rule == finding.rule);
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.level),
        "message": {"text": finding.message},
        "locations": [location(&finding.spot)],
        "partialFingerprints": {"podgate/v1": fingerprint},
    })
}

fn location(spot: &Spot) -> Value {
    let object = &spot.object;
    let name = format!("{}/{}/{}/{}", object.api_version, object.kind, object.namespace, object.name);
    let region = json!({ "startLine": spot.place.line, "startColumn": spot.place.column });
    json!({
        "physicalLocation": {"artifactLocation": {"uri": uri(&spot.file)}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": format!("{name}{}", spot.path.pointer()), "kind": "member"}],
    })
}

fn problem(problem: &Problem) -> Value {
    let mut physical = json!({ "artifactLocation": {"uri": uri(&problem.file)} });
    if let (Some(place), Some(physical)) = (problem.place, physical.as_object_mut()) {
        let region = json!({ "startLine": place.line, "startColumn": place.column });
        physical.insert("region".to_owned(), region);
    }
    json!({
        "level": "error",
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": physical}],
    })
}

/// A path as a relative reference, or as a `file:` URI where it is absolute.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("a b/ü,:%.yaml"), "a%20b/%C3%BC%2C%3A%25.yaml");
        assert_eq!(uri("/srv/x.yaml"), "file:///srv/x.yaml");
    }
}
