//! Whether what a Pod waits for is there: of each object the little that is asked for, and the answer with its reason.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Until;

/// Says how far a target is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// It is there.
    Met,
    /// It exists, and is not as far; with the reason.
    Waiting(String),
    /// It does not exist; with the reason.
    Missing(String),
    /// It exists, and will never be as far by itself; with the reason.
    Failed(String),
}

/// Holds what is asked of an object that Pods wait for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetState {
    is_terminating: bool,
    /// True where the status is of an older spec: `status.observedGeneration` is below `metadata.generation`.
    is_outdated: bool,
    /// `type` and `status`, and the same of the older spec where the condition says so itself.
    conditions: Vec<(String, String, bool)>,
    phase: String,
    /// The Pods that there shall be.
    replicas: i64,
    /// The Pods that are available.
    available: i64,
}

impl TargetState {
    /// Reads an object of any kind; of one without a status, as metadata alone are, it holds that it exists.
    pub fn read(object: &Value) -> Self {
        let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
        let generation = number("/metadata/generation").unwrap_or(0);
        let is_older = |observed: Option<i64>| observed.is_some_and(|observed| observed < generation);
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
        let condition = |condition: &Value| {
            let text = |field: &str| condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text("type"), text("status"), is_older(condition.get("observedGeneration").and_then(Value::as_i64)))
        };
        // Of a DaemonSet the nodes decide how many there shall be.
        let of_nodes = number("/status/desiredNumberScheduled");
        Self {
            is_terminating: object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null()),
            is_outdated: is_older(number("/status/observedGeneration")),
            conditions: conditions.map(condition).collect(),
            phase: object.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default().to_owned(),
            replicas: of_nodes.or_else(|| number("/spec/replicas")).unwrap_or(1),
            available: number("/status/numberAvailable").or_else(|| number("/status/availableReplicas")).unwrap_or(0),
        }
    }

    /// Returns the status of a condition; none where it is of an older spec.
    fn condition(&self, name: &str) -> Option<&str> {
        let found = self.conditions.iter().find(|(of_type, _, is_older)| of_type == name && !is_older);
        found.map(|(_, status, _)| status.as_str()).filter(|_| !self.is_outdated)
    }
}

impl Until {
    /// Returns how far an object is; `None` is one that does not exist. Of a Service ask [`Self::progress_of_service`].
    pub fn progress(&self, state: Option<&TargetState>) -> Progress {
        let Some(state) = state else { return Progress::Missing("does not exist".to_owned()) };
        // A Job that is complete stays so while its TTL takes it away.
        if state.is_terminating && *self != Self::Complete {
            return Progress::Missing("is being deleted".to_owned());
        }
        match self {
            Self::Exists | Self::ReadyEndpoints(_) => Progress::Met,
            Self::Complete => match (state.condition("Complete"), state.condition("Failed")) {
                (Some("True"), _) => Progress::Met,
                (_, Some("True")) => Progress::Failed("has failed".to_owned()),
                _ if state.is_terminating => Progress::Missing("is being deleted".to_owned()),
                _ => Progress::Waiting("is not complete".to_owned()),
            },
            Self::Bound if state.phase == "Bound" => Progress::Met,
            Self::Bound if state.phase == "Lost" => Progress::Failed("has lost its volume".to_owned()),
            Self::Bound if state.phase.is_empty() => Progress::Waiting("is not bound".to_owned()),
            Self::Bound => Progress::Waiting(format!("is {}, not Bound", state.phase)),
            Self::Available if state.is_outdated => Progress::Waiting("has a status of an older spec".to_owned()),
            Self::Available if state.replicas == 0 => Progress::Waiting("is to have no Pods".to_owned()),
            Self::Available => {
                let TargetState { available, replicas, .. } = state;
                // A Deployment tells itself whether enough are available; while it rolls out fewer than all are.
                let enough = match state.condition("Available") {
                    Some(status) => status == "True" && *available > 0,
                    None => available >= replicas,
                };
                if enough {
                    Progress::Met
                } else {
                    Progress::Waiting(format!("{available} of {replicas} Pods are available"))
                }
            }
            Self::Condition { name, status } => match state.condition(name) {
                Some(found) if found == status => Progress::Met,
                Some(found) => Progress::Waiting(format!("{name} is {found}, not {status}")),
                None => Progress::Waiting(format!("has no condition {name}")),
            },
        }
    }

    /// Returns how far a Service is, by all of its EndpointSlices.
    pub fn progress_of_service<'s>(&self, slices: impl Iterator<Item = &'s EndpointSlice>) -> Progress {
        let Self::ReadyEndpoints(wanted) = self else { return Progress::Met };
        let mut slices = slices.peekable();
        if slices.peek().is_none() {
            // The endpoint slice controller makes one for each Service with a selector, be it empty.
            return Progress::Missing("has no EndpointSlice; no Service of this name selects Pods".to_owned());
        }
        let ready: BTreeSet<&str> = slices.flat_map(|slice| slice.ready.iter().map(String::as_str)).collect();
        if ready.len() >= *wanted {
            return Progress::Met;
        }
        Progress::Waiting(format!("{} of {wanted} endpoints ready", ready.len()))
    }
}

/// Holds what is asked of an EndpointSlice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointSlice {
    /// The Service that it belongs to.
    pub service: String,
    /// What tells its ready endpoints apart: the Pod, or an address. An endpoint may be in several slices for a moment, and of each
    /// family of addresses it is in another one.
    ready: Vec<String>,
}

impl EndpointSlice {
    /// Reads an EndpointSlice; `None` where it belongs to no Service. An endpoint that does not say whether it is ready is
    /// (`EndpointConditions`).
    pub fn read(slice: &Value) -> Option<Self> {
        let service = slice.pointer("/metadata/labels/kubernetes.io~1service-name")?.as_str()?.to_owned();
        let endpoints = slice.get("endpoints").and_then(Value::as_array).into_iter().flatten();
        let is_ready =
            |endpoint: &&Value| endpoint.pointer("/conditions/ready").and_then(Value::as_bool).unwrap_or(true);
        let identity = |endpoint: &Value| {
            let of_pod = endpoint.pointer("/targetRef/uid").or_else(|| endpoint.pointer("/targetRef/name"));
            let identity = of_pod.or_else(|| endpoint.pointer("/addresses/0"));
            identity.and_then(Value::as_str).map(ToOwned::to_owned)
        };
        Some(Self { service, ready: endpoints.filter(is_ready).filter_map(identity).collect() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn progress(until: &Until, object: &Value) -> Progress {
        until.progress(Some(&TargetState::read(object)))
    }

    fn waiting(why: &str) -> Progress {
        Progress::Waiting(why.to_owned())
    }

    #[test]
    fn what_exists() {
        assert_eq!(Until::Exists.progress(None), Progress::Missing("does not exist".to_owned()));
        assert_eq!(progress(&Until::Exists, &json!({"metadata": {}})), Progress::Met);
        let leaving = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(progress(&Until::Exists, &leaving), Progress::Missing("is being deleted".to_owned()));
    }

    #[test]
    fn jobs_and_claims() {
        let with = |condition: &str| json!({"status": {"conditions": [{"type": condition, "status": "True"}]}});
        assert_eq!(progress(&Until::Complete, &with("Complete")), Progress::Met);
        assert_eq!(progress(&Until::Complete, &with("Failed")), Progress::Failed("has failed".to_owned()));
        assert_eq!(progress(&Until::Complete, &with("SuccessCriteriaMet")), waiting("is not complete"));
        let mut leaving = with("Complete");
        leaving["metadata"] = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(progress(&Until::Complete, &leaving), Progress::Met);
        leaving["status"] = Value::Null;
        assert_eq!(progress(&Until::Complete, &leaving), Progress::Missing("is being deleted".to_owned()));
        let phase = |phase: &str| json!({"status": {"phase": phase}});
        assert_eq!(progress(&Until::Bound, &phase("Bound")), Progress::Met);
        assert_eq!(progress(&Until::Bound, &phase("Pending")), waiting("is Pending, not Bound"));
        assert_eq!(progress(&Until::Bound, &phase("Lost")), Progress::Failed("has lost its volume".to_owned()));
        assert_eq!(progress(&Until::Bound, &json!({})), waiting("is not bound"));
    }

    #[test]
    fn workloads() {
        let deployment = |generation: i64, replicas: i64, available: i64, status: &str| {
            json!({
                "metadata": {"generation": generation}, "spec": {"replicas": replicas},
                "status": {
                    "observedGeneration": 2, "availableReplicas": available,
                    "conditions": [{"type": "Available", "status": status}],
                },
            })
        };
        let until = Until::Available;
        assert_eq!(progress(&until, &deployment(2, 3, 2, "True")), Progress::Met);
        assert_eq!(progress(&until, &deployment(2, 3, 1, "False")), waiting("1 of 3 Pods are available"));
        assert_eq!(progress(&until, &deployment(3, 3, 3, "True")), waiting("has a status of an older spec"));
        assert_eq!(progress(&until, &deployment(2, 0, 0, "True")), waiting("is to have no Pods"));
        let set = |available: Value| json!({"spec": {}, "status": {"availableReplicas": available}});
        assert_eq!(progress(&until, &set(json!(1))), Progress::Met);
        assert_eq!(progress(&until, &set(Value::Null)), waiting("0 of 1 Pods are available"));
        let daemons = |wanted: i64, available: i64| json!({"status": {"desiredNumberScheduled": wanted, "numberAvailable": available}});
        assert_eq!(progress(&until, &daemons(2, 2)), Progress::Met);
        assert_eq!(progress(&until, &daemons(2, 1)), waiting("1 of 2 Pods are available"));
        assert_eq!(progress(&until, &daemons(0, 0)), waiting("is to have no Pods"));
    }

    #[test]
    fn conditions_of_the_spec_that_is() {
        let until = Until::Condition { name: "Ready".to_owned(), status: "True".to_owned() };
        let with = |condition: Value| json!({"metadata": {"generation": 2}, "status": {"conditions": [condition]}});
        assert_eq!(progress(&until, &with(json!({"type": "Ready", "status": "True"}))), Progress::Met);
        let not_ready = with(json!({"type": "Ready", "status": "False"}));
        assert_eq!(progress(&until, &not_ready), waiting("Ready is False, not True"));
        let older = with(json!({"type": "Ready", "status": "True", "observedGeneration": 1}));
        assert_eq!(progress(&until, &older), waiting("has no condition Ready"));
        assert_eq!(progress(&until, &json!({})), waiting("has no condition Ready"));
    }

    #[test]
    fn endpoints_are_counted_once() {
        let slice = |endpoints: Value| {
            let labels = json!({"kubernetes.io/service-name": "db"});
            EndpointSlice::read(&json!({"metadata": {"labels": labels}, "endpoints": endpoints})).unwrap()
        };
        let endpoint = |uid: &str, address: &str, ready: Value| json!({"addresses": [address], "conditions": {"ready": ready}, "targetRef": {"uid": uid}});
        let of_both = slice(json!([endpoint("a", "10.0.0.1", json!(true)), endpoint("b", "10.0.0.2", json!(false))]));
        let of_v6 = slice(json!([endpoint("a", "fd00::1", Value::Null)]));
        let external = slice(json!([{"addresses": ["192.0.2.1"]}, {"addresses": []}]));
        let progress = |wanted, slices: &[&EndpointSlice]| {
            Until::ReadyEndpoints(wanted).progress_of_service(slices.iter().copied())
        };
        assert_eq!(progress(1, &[&of_both]), Progress::Met);
        assert_eq!(progress(2, &[&of_both, &of_v6]), waiting("1 of 2 endpoints ready"));
        assert_eq!(progress(2, &[&of_both, &external]), Progress::Met);
        assert_eq!(progress(1, &[&slice(json!([]))]), waiting("0 of 1 endpoints ready"));
        assert!(matches!(progress(1, &[]), Progress::Missing(_)));
        assert_eq!(EndpointSlice::read(&json!({"endpoints": []})), None);
    }
}
