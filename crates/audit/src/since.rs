//! Compares two audits: what is new since an earlier one, and what is found no more.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use podgate_engine::{rules::Level, syntax::text::counted};
use serde::{Deserialize, Serialize};
use serde_json::{Value, error::Category, json};
use thiserror::Error;

use crate::{Audit, Found, Judged, fingerprints};

/// The version of the JSON report of an audit.
pub const VERSION: u64 = 1;

/// The JSON report of an earlier audit: what is read of it again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Earlier {
    /// The policy that was used.
    #[serde(default)]
    pub policy: String,
    /// When it was made.
    #[serde(default)]
    pub at: String,
    /// Objects in which something was found.
    pub objects: Vec<EarlierObject>,
}

/// An object of an earlier audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierObject {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for one of the cluster.
    #[serde(default)]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What was found.
    pub findings: Vec<EarlierFinding>,
}

/// A finding of an earlier audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierFinding {
    /// The id of the rule or observation.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The field.
    pub path: String,
    /// What was found.
    pub message: String,
    /// Of how many Pods; 0 for the object itself.
    #[serde(default)]
    pub pods: usize,
    /// What it is known by.
    pub fingerprint: String,
}

/// Why an earlier report cannot be used: words that go after its name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SinceError {
    /// The text is no JSON, or ends too soon.
    #[error(
        "is no complete JSON: it breaks at line {line}, column {column}; make it anew by podgate audit --format json"
    )]
    Broken {
        /// The line; the first is 1.
        line: usize,
        /// The column; the first is 1.
        column: usize,
    },
    /// It is JSON, and no report of an audit.
    #[error("is no report of an audit: it has no \"{missing}\"; podgate audit --format json writes one")]
    NoReport {
        /// The field that every report has.
        missing: &'static str,
    },
    /// A field is not what it has to be.
    #[error(
        "is no report of an audit: the field at line {line}, column {column} is not what such a report has there; make it anew by \
         podgate audit --format json"
    )]
    Field {
        /// The line; the first is 1.
        line: usize,
        /// The column; the first is 1.
        column: usize,
    },
    /// It is of another version.
    #[error("has version {found}; {VERSION} is known here: make it anew by podgate audit --format json")]
    Version {
        /// The version in it.
        found: u64,
    },
}

impl SinceError {
    fn of(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Self::Field { line, column },
            Category::Io | Category::Syntax | Category::Eof => Self::Broken { line, column },
        }
    }
}

/// What tells a report of an audit, and of which version, before anything else of it is read.
#[derive(Deserialize)]
struct Head {
    version: Option<u64>,
    objects: Option<serde::de::IgnoredAny>,
}

impl Earlier {
    /// Reads a report that an earlier audit wrote as JSON.
    pub fn read(text: &str) -> Result<Self, SinceError> {
        let head: Head = serde_json::from_str(text).map_err(|error| SinceError::of(&error))?;
        match head {
            Head { version: None, .. } => Err(SinceError::NoReport { missing: "version" }),
            Head { objects: None, .. } => Err(SinceError::NoReport { missing: "objects" }),
            Head { version: Some(VERSION), .. } => serde_json::from_str(text).map_err(|error| SinceError::of(&error)),
            Head { version: Some(found), .. } => Err(SinceError::Version { found }),
        }
    }
}

/// A finding that was not there before, or is worse than it was.
#[derive(Debug)]
pub struct New<'a> {
    /// The object.
    pub object: &'a Judged,
    /// The finding.
    pub found: &'a Found,
    /// What it is known by.
    pub fingerprint: String,
    /// The level that it had before, if it was there.
    pub before: Option<Level>,
}

/// A finding that is found no more.
#[derive(Debug)]
pub struct Mended<'a> {
    /// The object.
    pub object: &'a EarlierObject,
    /// The finding.
    pub finding: &'a EarlierFinding,
}

/// What has changed from one audit to the next.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// When the earlier audit was made.
    pub at: &'a str,
    /// What is new, worst first, then as in the audit.
    pub new: Vec<New<'a>>,
    /// What is found no more, worst first, then as in the earlier report: the object was mended, or is gone.
    pub mended: Vec<Mended<'a>>,
    /// How many findings are as they were, or at a lower level.
    pub same: usize,
    /// Says what else differs, and may be why findings come or go: sentences without a final stop.
    pub notes: Vec<String>,
}

/// Compares an earlier audit with one of now. A finding whose level has risen is new; one whose level has fallen is not mended.
pub fn compare<'a>(earlier: &'a Earlier, audit: &'a Audit) -> Comparison<'a> {
    let before: HashMap<&str, Level> = earlier
        .objects
        .iter()
        .flat_map(|object| &object.findings)
        .map(|finding| (finding.fingerprint.as_str(), finding.level))
        .collect();
    let (mut new, mut now, mut same) = (Vec::new(), HashSet::new(), 0);
    for object in &audit.objects {
        for (found, fingerprint) in object.found.iter().zip(fingerprints(object)) {
            now.insert(fingerprint.clone());
            match before.get(fingerprint.as_str()).copied() {
                Some(level) if level >= found.level => same += 1,
                before => new.push(New { object, found, fingerprint, before }),
            }
        }
    }
    let all = earlier.objects.iter().flat_map(|object| object.findings.iter().map(move |finding| (object, finding)));
    let gone = all.filter(|(_, finding)| !now.contains(&finding.fingerprint));
    let mut mended: Vec<Mended<'_>> = gone.map(|(object, finding)| Mended { object, finding }).collect();
    new.sort_by_key(|new| std::cmp::Reverse(new.found.level));
    mended.sort_by_key(|mended| std::cmp::Reverse(mended.finding.level));
    let mut notes = Vec::new();
    if audit.policy != earlier.policy {
        notes.push(format!("the policy was {} before, and is {} now", named(&earlier.policy), named(&audit.policy)));
    }
    notes.extend(
        audit
            .not_judged
            .iter()
            .map(|aside| format!("{} not judged now: {}", counted(aside.count, "object", "objects"), aside.why)),
    );
    Comparison { at: &earlier.at, new, mended, same, notes }
}

fn named(policy: &str) -> &str {
    if policy.is_empty() { "unnamed" } else { policy }
}

/// Returns an object as people name it: `shop Deployment/web`.
fn name(namespace: &str, kind: &str, name: &str) -> String {
    if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{namespace} {kind}/{name}") }
}

impl Comparison<'_> {
    /// Returns what has changed as lines for people.
    pub fn text(&self) -> String {
        let since = if self.at.is_empty() { "the earlier audit" } else { self.at };
        let mut text = format!(
            "since {since}: {} new, {} mended or gone, {} as before\n",
            self.new.len(),
            self.mended.len(),
            self.same
        );
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        let mut part = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let _ = write!(text, "\n{title}:\n{}", lines.concat());
            }
        };
        let line = |level: Level, object: String, path: &str, message: &str, id: &str, before: Option<Level>| {
            let was = before.map(|level| format!(", was {level}")).unwrap_or_default();
            format!("  {level:<5} {object}: {path}: {message} (podgate: {id}{was})\n")
        };
        let new = self.new.iter().map(|New { object, found, before, .. }| {
            let object = name(&object.namespace, &object.kind, &object.name);
            line(found.level, object, &found.path, &found.message, found.source.id(), *before)
        });
        part("new", new.collect());
        let mended = self.mended.iter().map(|Mended { object, finding }| {
            let object = name(&object.namespace, &object.kind, &object.name);
            line(finding.level, object, &finding.path, &finding.message, &finding.id, None)
        });
        part("mended, or gone with their object", mended.collect());
        text
    }

    /// Returns the worst level of what is new.
    pub fn worst_new(&self) -> Option<Level> {
        self.new.iter().map(|new| new.found.level).max()
    }

    /// Returns what has changed for programs.
    pub fn json(&self) -> String {
        let new = self.new.iter().map(|New { object, found, fingerprint, before }| {
            json!({
                "apiVersion": object.api_version, "kind": object.kind, "namespace": object.namespace, "name": object.name,
                "id": found.source.id(), "level": found.level.as_str(), "before": before.map(Level::as_str), "path": found.path,
                "message": found.message, "pods": found.pods, "fingerprint": fingerprint,
            })
        });
        let mended = self.mended.iter().map(|Mended { object, finding }| {
            json!({
                "apiVersion": object.api_version, "kind": object.kind, "namespace": object.namespace, "name": object.name,
                "id": finding.id, "level": finding.level.as_str(), "path": finding.path, "message": finding.message,
                "pods": finding.pods, "fingerprint": finding.fingerprint,
            })
        });
        let (new, mended): (Vec<Value>, Vec<Value>) = (new.collect(), mended.collect());
        let changes = json!({
            "version": VERSION, "since": self.at, "same": self.same, "notes": self.notes, "new": new, "mended": mended,
        });
        format!("{changes:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NotJudged, sample};

    const EARLIER: &str = include_str!("../tests/data/earlier.json");

    fn audit() -> Audit {
        let mut web = sample::object("apps/v1", "Deployment", "shop", "web");
        web.found = vec![
            sample::found("port-conflict", Level::Deny, "spec.a", "ports"),
            sample::found("missing-readiness-probe", Level::Warn, "spec.b", "probe"),
            sample::found("missing-requests", Level::Audit, "spec.c", "requests"),
        ];
        let mut theirs = sample::object("trainer.kubeflow.org/v1alpha1", "ClusterTrainingRuntime", "", "torch");
        theirs.found = vec![sample::found("invalid-port", Level::Deny, "spec.d", "port")];
        Audit { policy: "default".to_owned(), objects: vec![web, theirs], ..Audit::default() }
    }

    /// Writes the report of an audit: what is read of it.
    fn report(audit: &Audit) -> String {
        let finding = |(found, fingerprint): (&Found, String)| EarlierFinding {
            id: found.source.id().to_owned(),
            level: found.level,
            path: found.path.clone(),
            message: found.message.clone(),
            pods: found.pods,
            fingerprint,
        };
        let object = |object: &Judged| EarlierObject {
            api_version: object.api_version.clone(),
            kind: object.kind.clone(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            findings: object.found.iter().zip(fingerprints(object)).map(finding).collect(),
        };
        let objects: Vec<EarlierObject> = audit.objects.iter().map(object).collect();
        serde_json::json!({"version": 1, "policy": audit.policy, "at": "2026-03-01T10:00:00Z", "objects": objects})
            .to_string()
    }

    #[test]
    fn nothing_has_changed() {
        let audit = audit();
        let earlier = Earlier::read(&report(&audit)).unwrap();
        let since = compare(&earlier, &audit);
        assert_eq!((since.new.len(), since.mended.len(), since.same, since.notes.len()), (0, 0, 4, 0));
        assert_eq!(since.text(), "since 2026-03-01T10:00:00Z: 0 new, 0 mended or gone, 4 as before\n");
    }

    #[test]
    fn what_comes_goes_rises_and_falls() {
        let mut before = audit();
        before.policy = "strict".to_owned();
        let earlier = Earlier::read(&report(&before)).unwrap();
        let mut audit = audit();
        audit.objects.pop();
        audit.not_judged = vec![NotJudged { why: "no right to list jobs".to_owned(), count: 1, examples: Vec::new() }];
        let found = &mut audit.objects[0].found;
        found[1].level = Level::Deny;
        found[0].level = Level::Audit;
        found.push(sample::found("single-replica", Level::Audit, "spec.e", "one"));
        let since = compare(&earlier, &audit);
        let text = "since 2026-03-01T10:00:00Z: 2 new, 1 mended or gone, 2 as before\n\
            note: the policy was strict before, and is default now\n\
            note: 1 object not judged now: no right to list jobs\n\
            \n\
            new:\n\
            \u{20} deny  shop Deployment/web: spec.b: probe (podgate: missing-readiness-probe, was warn)\n\
            \u{20} audit shop Deployment/web: spec.e: one (podgate: single-replica)\n\
            \n\
            mended, or gone with their object:\n\
            \u{20} deny  ClusterTrainingRuntime/torch: spec.d: port (podgate: invalid-port)\n";
        assert_eq!(since.text(), text);
        let json: serde_json::Value = serde_json::from_str(&since.json()).unwrap();
        assert_eq!((&json["new"][0]["before"], &json["new"][1]["before"]), (&"warn".into(), &serde_json::Value::Null));
        assert_eq!(since.worst_new(), Some(Level::Deny));
        assert_eq!((&json["mended"][0]["name"], &json["same"]), (&"torch".into(), &2.into()));
    }

    #[test]
    fn a_file_is_read_and_what_it_has_besides_is_not() {
        let earlier = Earlier::read(EARLIER).unwrap();
        assert_eq!(earlier.objects.len(), 1);
        assert_eq!(compare(&earlier, &audit()).mended.len(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_used() {
        let said = |text: &str| Earlier::read(text).unwrap_err().to_string();
        let cut = EARLIER.split_at(EARLIER.len() / 2).0;
        assert!(matches!(Earlier::read(cut), Err(SinceError::Broken { .. })), "{}", said(cut));
        assert_eq!(Earlier::read("{}"), Err(SinceError::NoReport { missing: "version" }));
        assert_eq!(Earlier::read(r#"{"version":1}"#), Err(SinceError::NoReport { missing: "objects" }));
        assert_eq!(Earlier::read(r#"{"version":2,"objects":{}}"#), Err(SinceError::Version { found: 2 }));
        assert_eq!(Earlier::read(r#"{"version":1,"objects":[{}]}"#), Err(SinceError::Field { line: 1, column: 26 }));
        assert_eq!(Earlier::read("[]"), Err(SinceError::Field { line: 1, column: 2 }));
        assert_eq!(
            said("kind: Pod\n"),
            "is no complete JSON: it breaks at line 1, column 1; make it anew by podgate audit --format json"
        );
    }
}
