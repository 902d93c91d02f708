//! The API server's audit log.

use std::fs;

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

    /// Every request of a user that is in the logs.
    pub fn audited(&self, user: &str) -> Vec<Value> {
        let events = self.audited_with(user).into_iter();
        events.filter(|event| event["user"]["username"] == user).collect()
    }

    /// Every request whose line in the logs of all API servers has this text.
    pub fn audited_with(&self, text: &str) -> Vec<Value> {
        let mut events = Vec::new();
        for entry in fs::read_dir(self.processes.dir()).unwrap() {
            let path = entry.unwrap().path();
            let is_log = path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("audit"));
            if !is_log || path.extension().is_none_or(|extension| extension != "log") {
                continue;
            }
            let log = fs::read_to_string(path).unwrap();
            let lines = log.lines().filter(|line| line.contains(text));
            // The last line may still be written.
            events.extend(lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()));
        }
        events
    }
}
