//! Audits for tests.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use podgate_engine::{
    policy::Engine,
    rules::{self, Level},
};
use podgate_manifests::{Check, Text, documents};
use serde_json::Value;

use crate::{Audit, Found, Judged, NotJudged, Observation, Source};

/// Returns an object in which nothing was found.
pub(crate) fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Judged {
    Judged {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: format!("uid-of-{name}"),
        created: "2026-03-01T10:00:00Z".to_owned(),
        pods: 3,
        found: Vec::new(),
        text: None,
    }
}

/// Returns what a rule finds.
pub(crate) fn found(rule: &str, level: Level, path: &str, message: &str) -> Found {
    Found {
        source: Source::Rule(rules::find(rule).unwrap()),
        level,
        path: path.to_owned(),
        message: message.to_owned(),
        pods: 0,
    }
}

/// Returns an audit of the objects in `samples/bad`, under the standard profile.
pub(crate) fn bad(engine: &Engine) -> Audit {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bad");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| Text {
        name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(file).unwrap(),
    });
    let texts: Vec<Text> = texts.collect();
    let check = Check { engine, namespace: "default", old: &[], folder: "", around: &[] };
    let outcome = check.run(&texts, &|_| {});
    let mut jsons = HashMap::new();
    for text in &texts {
        for json in documents(&text.text).unwrap() {
            let value: Value = serde_json::from_str(&json).unwrap();
            let (kind, name) =
                (value["kind"].as_str().unwrap(), value["metadata"]["name"].as_str().unwrap_or_default());
            jsons.insert((text.name.clone(), kind.to_owned(), name.to_owned()), json.into_owned());
        }
    }
    let mut objects: BTreeMap<(String, String, String), Judged> = BTreeMap::new();
    for finding in outcome.findings {
        let (file, identity) = (finding.spot.file.to_string(), &finding.spot.object);
        let key = (file.clone(), identity.kind.clone(), identity.name.clone());
        let new = || {
            let text = jsons.get(&key).cloned();
            let pods = if identity.kind == "Pod" { 0 } else { 3 };
            Judged { pods, text, ..object(&identity.api_version, &identity.kind, &file, &identity.name) }
        };
        objects.entry(key.clone()).or_insert_with(new).found.push(Found {
            source: Source::Rule(finding.rule),
            level: finding.level,
            path: finding.spot.path.to_string(),
            message: finding.message,
            pods: 0,
        });
    }
    let mut objects: Vec<Judged> = objects.into_values().collect();
    for object in &mut objects {
        object.found.sort_by_key(|found| Reverse(found.level));
    }
    let mut restarts = object("apps/v1", "Deployment", "probes", "checkout");
    restarts.found = vec![Found {
        source: Source::Observation(&RESTARTS),
        level: Level::Warn,
        path: "status.containerStatuses[0].restartCount".to_owned(),
        message: "container \"app\" was restarted 214 times, the last time 2 min ago".to_owned(),
        pods: 2,
    }];
    objects.push(restarts);
    Audit {
        namespaces: 1,
        cluster: "production-eu-1".to_owned(),
        policy: "default".to_owned(),
        at: "2026-11-28T21:00:00Z".to_owned(),
        judged: 341,
        not_judged: vec![NotJudged {
            why: "the policy exempts their namespace".to_owned(),
            count: 27,
            examples: vec!["kube-system/Deployment/coredns".to_owned(), "kube-system/DaemonSet/kube-proxy".to_owned()],
        }],
        objects,
    }
}

static RESTARTS: Observation = Observation {
    id: "restarts-often",
    summary: "a container is restarted again and again",
    level: Level::Warn,
    source: "status.containerStatuses[].restartCount, by the kubelet's convertStatusToAPIStatus",
};
