//! What was written when, by the audit log of the API servers.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::harness::{ControlPlane, SERVICE_ACCOUNT};
use crate::replicas::LEASE;

/// One request that was answered with success.
#[derive(Debug, Clone)]
pub struct Write {
    pub verb: String,
    pub resource: String,
    pub subresource: String,
    pub name: String,
    pub user: String,
    /// What was sent; null where the log has only that something was.
    pub body: Value,
    /// When the API server got it.
    pub begun: Timestamp,
    /// When it had answered.
    pub done: Timestamp,
}

impl Write {
    fn read(event: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let code = event["responseStatus"]["code"].as_u64()?;
        let object = &event["objectRef"];
        let is_done = event["stage"] == "ResponseComplete" && (200..300).contains(&code);
        is_done.then(|| Self {
            verb: text(&event["verb"]),
            resource: text(&object["resource"]),
            subresource: text(&object["subresource"]),
            name: text(&object["name"]),
            user: text(&event["user"]["username"]),
            body: event["requestObject"].clone(),
            begun: text(&event["requestReceivedTimestamp"]).parse().unwrap(),
            done: text(&event["stageTimestamp"]).parse().unwrap(),
        })
    }

    /// How long after `earlier` was done this was; zero where that is later.
    pub fn after(&self, earlier: Timestamp) -> Duration {
        Duration::try_from(self.done.duration_since(earlier)).unwrap_or_default()
    }
}

/// All that podgate asked for, but for what an API server refused before it was ready: it knows of no rights then.
pub fn asked(plane: &ControlPlane, starts: &[Start]) -> Vec<Value> {
    let mut events = plane.audited_by_all(SERVICE_ACCOUNT);
    events.retain(|event| {
        let at: Timestamp = event["requestReceivedTimestamp"].as_str().unwrap().parse().unwrap();
        let is_refused = event["responseStatus"]["code"] == 403;
        let is_early = is_refused && starts.iter().any(|start| start.begun <= at && at <= start.ready);
        event["user"]["username"] == SERVICE_ACCOUNT && !is_early
    });
    events
}

/// When an API server was started again, and when it was ready.
#[derive(Debug)]
pub struct Start {
    pub begun: Timestamp,
    pub ready: Timestamp,
}

/// All that was written in a namespace, in order.
pub fn writes(plane: &ControlPlane, namespace: &str) -> Vec<Write> {
    let events = plane.audited_by_all(&format!("\"{namespace}\""));
    let events = events.iter().filter(|event| event["objectRef"]["namespace"] == namespace);
    let mut writes: Vec<Write> = events.filter_map(Write::read).collect();
    writes.sort_by_key(|write| write.done);
    writes
}

/// The patches by which podgate changed Pods.
pub fn openings(writes: &[Write]) -> Vec<Write> {
    let is_opening =
        |write: &&Write| write.user == SERVICE_ACCOUNT && write.verb == "patch" && write.resource == "pods";
    writes.iter().filter(is_opening).cloned().collect()
}

/// The first write by which a Service had a ready endpoint.
pub fn service_ready(writes: &[Write], service: &str) -> Option<Write> {
    let of_service = |write: &&Write| {
        write.resource == "endpointslices" && write.body["metadata"]["labels"]["kubernetes.io/service-name"] == service
    };
    let is_ready = |write: &&Write| {
        let endpoints = write.body["endpoints"].as_array().into_iter().flatten();
        endpoints.into_iter().any(|endpoint| endpoint["conditions"]["ready"] == true)
    };
    writes.iter().filter(of_service).find(is_ready).cloned()
}

/// The write by which a Job was complete.
pub fn job_complete(writes: &[Write], job: &str) -> Option<Write> {
    let is_complete = |write: &&Write| {
        let is_status = write.resource == "jobs" && write.subresource == "status" && write.name == job;
        is_status && crate::objects::is_true(&write.body, "Complete")
    };
    writes.iter().find(is_complete).cloned()
}

/// The write by which an object was made.
pub fn created(writes: &[Write], resource: &str, name: &str) -> Option<Write> {
    let is_it = |write: &&Write| {
        write.verb == "create" && write.resource == resource && write.subresource.is_empty() && write.name == name
    };
    writes.iter().find(is_it).cloned()
}

/// The writes by which another replica got the Lease, with who got it.
pub fn takeovers(plane: &ControlPlane) -> Vec<(String, Write)> {
    let mut holder = String::new();
    let mut takeovers = Vec::new();
    for write in writes(plane, "podgate") {
        let name = write.body["metadata"]["name"].as_str().unwrap_or_default();
        if write.resource != "leases" || name != LEASE {
            continue;
        }
        let next = write.body["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if next != holder {
            next.clone_into(&mut holder);
            takeovers.push((holder.clone(), write));
        }
    }
    takeovers
}
