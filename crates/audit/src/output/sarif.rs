//! SARIF 2.1.0. A cluster has no files: places are logical, an object and a field of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Audit, Found, Judged, Source, fingerprints};
use podgate_manifests::output::sarif::{SCHEMA, level};

/// Returns the audit as a SARIF log of one run, with the rules and observations that found something.
pub fn write(audit: &Audit) -> String {
    let found = audit.objects.iter().flat_map(|object| &object.found);
    let sources: BTreeMap<&str, Source> = found.map(|found| (found.source.id(), found.source)).collect();
    let ids: Vec<&str> = sources.keys().copied().collect();
    let of_object = |object: &Judged| {
        let all = object.found.iter().zip(fingerprints(object));
        all.map(|(found, fingerprint)| result(object, found, &ids, &fingerprint)).collect::<Vec<_>>()
    };
    let results: Vec<Value> = audit.objects.iter().flat_map(of_object).collect();
    let not_judged = audit.not_judged.iter().map(
        |aside| json!({"level": "note", "message": {"text": format!("not judged: {}, {}", aside.count, aside.why)}}),
    );
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "podgate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": sources.values().map(descriptor).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": audit.at,
                "toolExecutionNotifications": not_judged.collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn descriptor(source: &Source) -> Value {
    let (summary, help, page, own) = match source {
        Source::Rule(rule) => (rule.summary, format!("podgate rules {}", rule.id), rule.page, rule.level),
        Source::Observation(it) => (it.summary, it.summary.to_owned(), it.summary, it.level),
    };
    json!({
        "id": source.id(),
        "shortDescription": {"text": summary},
        "help": {"text": help, "markdown": page},
        "defaultConfiguration": {"level": level(own)},
        "properties": {"tags": ["kubernetes", "reliability"]},
    })
}

fn result(object: &Judged, found: &Found, ids: &[&str], fingerprint: &str) -> Value {
    let Judged { api_version, kind, namespace, name, .. } = object;
    json!({
        "ruleId": found.source.id(),
        "ruleIndex": ids.iter().position(|id| *id == found.source.id()),
        "level": level(found.level),
        "message": {"text": found.message},
        "locations": [{"logicalLocations": [{
            "fullyQualifiedName": format!("{api_version}/{kind}/{namespace}/{name}/{}", found.path), "kind": "member",
        }]}],
        "partialFingerprints": {"podgate/v1": fingerprint},
        "properties": {"pods": found.pods, "created": object.created, "refused": object.is_refused()},
    })
}
