//! # What it does
//!
//! Adds the probes that the policy describes to app containers and sidecars that declare a TCP port and lack them, when a Pod
//! is created. What is there is never changed.
//!
//! The handler follows the port. A port named `http…` or `web`, where the policy gives an `httpPath`, is probed by `httpGet`
//! (by HTTPS if its name begins with `https`); a port named `grpc…` by `grpc`; any other by `tcpSocket`. Of several ports
//! the first that allows `httpGet` is taken, else the first for `grpc`, else the first of all.
//!
//! A probe is only added where it goes with the container's other probes, so that a Pod has no defect afterwards that it did
//! not have before:
//!
//! - A `readinessProbe` that asks the same as the container's `livenessProbe` has to give up first, or overload becomes
//!   restarts: its `failureThreshold` is lowered as far as that needs. Where even 1 is too much it is left out.
//! - A `startupProbe` is left out where it would give up no later than the container's `livenessProbe` would, counted from
//!   the container's start: it would only restart the container earlier.
//! - A `livenessProbe` is left out where it would give up no later than a `readinessProbe` that asks the same, or later than
//!   the container's own `startupProbe`.
//!
//! A policy whose own probes contradict each other in these ways is refused.
//!
//! Not for Pods that run to completion (`restartPolicy` other than `Always`), containers that are not restarted because of
//! their own `restartPolicy`, regular init or ephemeral containers, mirror pods, and Pods of Knative, which makes its own
//! probes.
//!
//! # Why
//!
//! Without a readiness probe a container counts as ready as soon as its process runs, and gets traffic before it listens. A
//! liveness probe is only added where the policy spells one out: one that fits nobody's application restarts what works.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Mutate, Mutation, PatchBuilder, PatchError,
    probe::{Asked, Probe, ProbeSettings},
};
use crate::{
    lifecycle::{
        probes::{LONG_DELAY_SECONDS, SLOW_START_SECONDS},
        restart::{Restart, after_exit, is_long_running, pod_policy},
        stages::{self, Role},
    },
    model::{Applies, Container, LabelSelector, Review, Selection, Subject},
    syntax::json::given,
};

static MUTATION: Mutation =
    Mutation { id: "default-probes", summary: "adds probes to containers that declare a TCP port and lack them" };

/// The probes to add; one that is not given is not added. They are added to the Pods for which all holds that is given of
/// namespaces and labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DefaultProbes {
    /// The readinessProbe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness: Option<ProbeSettings>,
    /// The startupProbe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup: Option<ProbeSettings>,
    /// The livenessProbe. Think twice: it restarts what it finds dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness: Option<ProbeSettings>,
    /// Namespaces, exact or with `*` and `?`.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub namespaces: Option<Vec<String>>,
    /// The labels of the namespaces.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub namespace_selector: Option<LabelSelector>,
    /// The labels of the Pods.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub pod_selector: Option<LabelSelector>,
}

impl DefaultProbes {
    /// Returns what in these settings would make a Pod that the API server refuses or that has a defect: the field and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        let settings = [("readiness", &self.readiness), ("startup", &self.startup), ("liveness", &self.liveness)];
        let problems =
            settings.into_iter().flat_map(|(name, settings)| settings.iter().map(move |it| it.problems(name)));
        problems.flatten().chain(self.startup_problem()).collect()
    }

    /// A liveness probe needs a startup probe that gives up later, or has to be patient itself.
    fn startup_problem(&self) -> Option<(String, String)> {
        let liveness = self.liveness.as_ref()?.timing();
        let budget = liveness.budget_seconds();
        match &self.startup {
            Some(startup) => {
                let window = startup.timing().budget_seconds();
                let why =
                    format!("gives up after {window} s; liveness after {budget} s, so that this only restarts earlier");
                (window <= budget).then(|| ("startup".to_owned(), why))
            }
            None if budget < SLOW_START_SECONDS => {
                let why =
                    format!("gives up after {budget} s, and there is no startup; give one, or {SLOW_START_SECONDS} s");
                Some(("liveness".to_owned(), why))
            }
            None => {
                let delay = liveness.initial_delay_seconds;
                let why =
                    format!("is {delay}; give a startup instead, which does not delay the finding of a dead container");
                (delay > LONG_DELAY_SECONDS).then(|| ("liveness.initialDelaySeconds".to_owned(), why))
            }
        }
    }

    /// The probes that the container lacks and that go with those it has, each with its field.
    fn additions(&self, container: &Container<'_>) -> Vec<(&'static str, Probe)> {
        let mut readiness = Asked::of(container, container.readiness_probe.as_deref(), self.readiness.as_ref());
        let mut startup = Asked::of(container, container.startup_probe.as_deref(), self.startup.as_ref());
        let mut liveness = Asked::of(container, container.liveness_probe.as_deref(), self.liveness.as_ref());

        liveness.take_if(|liveness| {
            let stricter = |startup: &Asked<'_>| startup.is_own() && startup.budget() <= liveness.budget();
            let no_earlier = |readiness: &Asked<'_>| {
                readiness.is_own()
                    && readiness.asks_the_same_as(liveness)
                    && liveness.patience() <= readiness.patience()
            };
            !liveness.is_own() && (startup.as_ref().is_some_and(stricter) || readiness.as_ref().is_some_and(no_earlier))
        });
        if let (Some(new), Some(there)) = (&mut readiness, &liveness)
            && new.asks_the_same_as(there)
            && !new.give_up_before(there.patience())
        {
            // Restarting what is well is worse than taking what is not ready for ready.
            if there.is_own() { readiness = None } else { liveness = None }
        }
        let stricter = |startup: &mut Asked<'_>| {
            !startup.is_own() && liveness.as_ref().is_some_and(|liveness| startup.budget() <= liveness.budget())
        };
        startup.take_if(stricter);
        [("readinessProbe", readiness), ("startupProbe", startup), ("livenessProbe", liveness)]
            .into_iter()
            .filter_map(|(field, asked)| Some((field, asked?.probe()?)))
            .collect()
    }
}

/// The policy's probes, ready to add.
#[derive(Debug)]
pub struct Probes {
    settings: DefaultProbes,
    selection: Selection,
}

impl Probes {
    /// Compiles the setting of a policy.
    pub fn new(settings: DefaultProbes) -> Self {
        let (namespaces, of_pods) = (settings.namespaces.as_deref(), settings.pod_selector.as_ref());
        let selection = Selection::new(namespaces, settings.namespace_selector.as_ref(), of_pods);
        Self { settings, selection }
    }
}

impl Mutate for Probes {
    fn mutation(&self) -> &'static Mutation {
        &MUTATION
    }

    fn apply(
        &self,
        review: &Review<'_>,
        is_exempt: &dyn Fn(&Container<'_>) -> bool,
        patch: &mut PatchBuilder,
    ) -> Result<(), PatchError> {
        let applies = self.selection.applies(&Subject::of(review));
        let knative = review.new.metadata.labels.get("serving.knative.dev/revision").is_some();
        if applies == Applies::No || knative {
            return Ok(());
        }
        for (template, placed) in stages::all(&review.new) {
            let serves = matches!(placed.role, Role::App | Role::Sidecar) && is_long_running(review.workload, template);
            // However it ends: by itself, or killed by a probe.
            let restarts = [0, 137].map(|code| after_exit(pod_policy(review.workload, template), &placed, code));
            if serves && !restarts.contains(&Restart::No) && !is_exempt(placed.container) {
                for (field, probe) in self.settings.additions(placed.container) {
                    if applies == Applies::Unknown {
                        return Err(PatchError::unknown(MUTATION.id, review));
                    }
                    patch.add(&placed.path(template).key(field), probe)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    /// Returns what the policy adds to a container with port 8080 and these fields.
    fn added(policy: &str, fields: &str) -> serde_json::Value {
        let policy: DefaultProbes = serde_json::from_str(policy).unwrap();
        assert_eq!(policy.problems(), []);
        let text = format!(r#"{{"name": "c", "ports": [{{"name": "p", "containerPort": 8080}}]{fields}}}"#);
        let container: Container = from_object(&text).unwrap();
        policy
            .additions(&container)
            .into_iter()
            .map(|(field, probe)| (field, serde_json::to_value(probe).unwrap()))
            .collect()
    }

    const TCP: &str = r#""tcpSocket": {"port": "p"}"#;

    #[test]
    fn readiness_gives_up_before_a_liveness_probe_that_asks_the_same() {
        // The container's liveness probe; the failureThreshold of the readiness probe, or none.
        let cases = [
            (r#""failureThreshold": 4"#, Some(None)),
            (r#""failureThreshold": 3"#, Some(Some(2))),
            (r#""initialDelaySeconds": 60"#, Some(Some(2))),
            (r#""periodSeconds": 7"#, Some(Some(2))),
            (r#""periodSeconds": 11, "failureThreshold": 1"#, Some(Some(1))),
            (r#""failureThreshold": 1"#, None),
            (r#""periodSeconds": 1, "failureThreshold": 1"#, None),
        ];
        for (numbers, expected) in cases {
            let added = added(r#"{"readiness": {}}"#, &format!(r#", "livenessProbe": {{{TCP}, {numbers}}}"#));
            let probe = added.get("readinessProbe");
            let threshold = probe.map(|probe| probe.get("failureThreshold").and_then(serde_json::Value::as_i64));
            assert_eq!(threshold, expected, "{numbers}");
        }
        let other = r#", "livenessProbe": {"httpGet": {"port": "p"}, "failureThreshold": 1}"#;
        assert!(added(r#"{"readiness": {}}"#, other)["readinessProbe"].get("failureThreshold").is_none());
    }

    #[test]
    fn a_startup_probe_is_never_stricter_than_the_liveness_probe() {
        let policy = r#"{"startup": {"periodSeconds": 5, "failureThreshold": 12}}"#;
        for (liveness, expected) in [
            ("", true),
            (r#", "livenessProbe": {"exec": {"command": ["x"]}}"#, true),
            (r#", "livenessProbe": {"exec": {"command": ["x"]}, "initialDelaySeconds": 29}"#, true),
            (r#", "livenessProbe": {"exec": {"command": ["x"]}, "initialDelaySeconds": 30}"#, false),
            (r#", "livenessProbe": {"exec": {"command": ["x"]}, "failureThreshold": 60}"#, false),
        ] {
            assert_eq!(added(policy, liveness).get("startupProbe").is_some(), expected, "{liveness}");
        }
    }

    #[test]
    fn a_liveness_probe_has_to_go_with_what_is_there() {
        let policy = r#"{"liveness": {}}"#;
        let http = r#", "readinessProbe": {"httpGet": {"port": "p"}}"#;
        for (fields, expected) in [
            (String::new(), true),
            (http.to_owned(), true),
            (format!(r#", "readinessProbe": {{{TCP}}}"#), false),
            (format!(r#", "readinessProbe": {{{TCP}, "failureThreshold": 2}}"#), true),
            (format!(r#", "startupProbe": {{{TCP}}}"#), false),
            (format!(r#", "startupProbe": {{{TCP}, "failureThreshold": 4}}"#), true),
        ] {
            assert_eq!(added(policy, &fields).get("livenessProbe").is_some(), expected, "{fields}");
        }
        let both = added(r#"{"readiness": {}, "liveness": {}}"#, "");
        assert_eq!(both["readinessProbe"]["failureThreshold"], 2);
        assert!(both.get("livenessProbe").is_some());
        let slow = added(r#"{"readiness": {"periodSeconds": 30}, "liveness": {}}"#, "");
        assert!(slow.get("readinessProbe").is_some() && slow.get("livenessProbe").is_none());
    }

    #[test]
    fn contradictions_in_the_policy() {
        let problem = |policy: &str| {
            let policy: DefaultProbes = serde_json::from_str(policy).unwrap();
            policy.problems().into_iter().map(|(field, why)| format!("{field} {why}")).collect::<Vec<_>>().join("; ")
        };
        for (policy, expected) in [
            (
                r#"{"readiness": {"timeoutSeconds": 11}}"#,
                "readiness.timeoutSeconds is 11; at most the period of 10 s makes sense",
            ),
            (
                r#"{"liveness": {}, "startup": {}}"#,
                "startup gives up after 30 s; liveness after 30 s, so that this only restarts earlier",
            ),
            (
                r#"{"liveness": {"periodSeconds": 5}}"#,
                "liveness gives up after 15 s, and there is no startup; give one, or 30 s",
            ),
            (
                r#"{"liveness": {"initialDelaySeconds": 61}}"#,
                "liveness.initialDelaySeconds is 61; give a startup instead, which does not delay the finding of a dead container",
            ),
            (r#"{"liveness": {"periodSeconds": 5}, "startup": {}}"#, ""),
            (r#"{"liveness": {"initialDelaySeconds": 60}, "startup": {"failureThreshold": 60}}"#, ""),
        ] {
            assert_eq!(problem(policy), expected, "{policy}");
        }
    }
}
