//! The API server's audit log.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ControlPlane, eventually};

/// Level Metadata carries the annotations of webhooks; of podgate's own requests all are of interest, of others none that
/// only reads.
pub const POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "Metadata", "users": ["system:serviceaccount:podgate:podgate"]},
    {"level": "None", "verbs": ["get", "list", "watch"]},
    {"level": "Metadata"}
]}"#;

impl ControlPlane {
    /// The annotations of one request, once it is in the log.
    pub async fn audit_annotations(&self, audit_id: &str) -> Value {
        assert!(!audit_id.is_empty(), "the API server names no audit event");
        let log = self.processes.dir().join("audit.log");
        eventually("the request is in the audit log", async || {
            let text = fs::read_to_string(&log).unwrap();
            let line = text.lines().rfind(|line| line.contains(audit_id) && line.ends_with('}'))?;
            let event: Value = serde_json::from_str(line).ok()?;
            Some(event["annotations"].clone())
        })
        .await
    }

    /// Every request of a user that the first API server has in its log.
    pub fn audited(&self, user: &str) -> Vec<Value> {
        let events = read(&self.processes.dir().join("audit.log"), user).into_iter();
        events.filter(|event| event["user"]["username"] == user).collect()
    }

    /// Every request whose line in the logs of all API servers has this text.
    pub fn audited_by_all(&self, text: &str) -> Vec<Value> {
        let files = fs::read_dir(self.processes.dir()).unwrap().map(|entry| entry.unwrap().path());
        let is_log = |path: &PathBuf| {
            let is_audit = path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("audit"));
            is_audit && path.extension().is_some_and(|extension| extension == "log")
        };
        files.filter(is_log).flat_map(|path| read(&path, text)).collect()
    }
}

/// The events of a log whose lines have this text.
fn read(log: &Path, text: &str) -> Vec<Value> {
    let log = fs::read_to_string(log).unwrap();
    let lines = log.lines().filter(|line| line.contains(text));
    // The last line may still be written.
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}
