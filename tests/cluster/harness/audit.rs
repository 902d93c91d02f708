//! The API server's audit log.

use std::fs;

use serde_json::Value;

use super::{Cluster, eventually};

/// Level Metadata carries the annotations of webhooks; nobody reads anything else here.
pub const POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "None", "verbs": ["get", "list", "watch"]},
    {"level": "Metadata"}
]}"#;

impl Cluster {
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
}
