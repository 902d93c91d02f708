//! # What it does
//!
//! Finds a Job with several app containers of which one is a known helper that runs until it is stopped: a proxy, a log
//! shipper. It is known by its name or by its image's, the last part of its path without tag and digest. The option `helpers`
//! holds the names, exact or with `*` and `?`.
//!
//! Left alone is a helper that something in the Pod ends when the work is done, as far as commands tell: `kill`, `pkill` or `killall` in its
//! own command, or, with `shareProcessNamespace: true`, in that of a container beside it; a request that makes it quit, such as
//! `http://localhost:15020/quitquitquit`.
//!
//! # Why it is bad
//!
//! A Job completes when all app containers of its Pod have ended. The helper does not end by itself: the work is done, and
//! the Job runs on until a deadline fails it.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!       - name: db # finding
//!         image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14
//! ```
//!
//! # Use instead
//!
//! A sidecar: an init container with `restartPolicy: Always` is stopped when the app containers have ended.
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       initContainers:
//!       - name: db
//!         image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14
//!         restartPolicy: Always
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-job-completion>
//! - KEP-753, Sidecar containers
//! - Kubelet scenario: `workloads/job-with-helper`
//! - Kubelet scenario: `workloads/job-with-sidecar`

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::{
    lifecycle::{
        helpers::{end_each_other, sends_signal},
        stages,
    },
    model::{Container, Review},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "job-with-app-sidecar",
    summary: "a Job never completes because of a helper among its app containers",
    level: Warn,
    since: "0.1.0",
    page: "job_with_app_sidecar.rs",
    check: JobWithAppSidecar,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct JobWithAppSidecar {
    /// Names of containers or images that run until they are stopped; `*` and `?` stand for any characters or one.
    helpers: Vec<String>,
}

impl Default for JobWithAppSidecar {
    fn default() -> Self {
        let helpers = [
            "istio-proxy",
            "linkerd-proxy",
            "envoy",
            "cloud-sql-proxy",
            "cloudsql-proxy",
            "fluent-bit",
            "fluentd",
            "vault-agent",
            "otel-collector",
            "opentelemetry-collector*",
            "dapr",
            "daprd",
            "filebeat",
            "promtail",
            "datadog-agent",
        ];
        Self { helpers: helpers.map(str::to_owned).to_vec() }
    }
}

impl Check for JobWithAppSidecar {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.is_job() {
            return;
        }
        let is_helper = |name: &str| self.helpers.iter().any(|helper| WildMatch::new(helper).matches(name));
        for template in review.new.templates.iter().filter(|template| template.spec.containers.len() > 1) {
            let apps = template.spec.containers.iter().enumerate();
            let named = |app: &Container<'_>| is_helper(&app.name) || is_helper(image_name(&app.image));
            let helpers: Vec<_> = apps.filter(|(_, app)| named(app)).collect();
            if helpers.is_empty() {
                continue;
            }
            let commands = stages::containers(&template.spec).map(|placed| placed.container);
            out.spend(commands.flat_map(|app| app.command.iter().chain(&app.args)).map(|word| word.len()).sum());
            if end_each_other(&template.spec) {
                continue;
            }
            // One that sends a signal ends itself.
            for (index, container) in helpers.into_iter().filter(|(_, app)| !sends_signal(app)) {
                out.at(
                    template.spec_path("containers").index(index),
                    format_args!(
                        "container \"{}\" does not end when the work is done, so that the Job never completes; make it a sidecar",
                        container.name
                    ),
                );
            }
        }
    }
}

/// The last part of an image's path, without tag and digest.
fn image_name(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').map_or(last, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::image_name;

    #[test]
    fn image_names() {
        for image in
            ["envoy", "envoy:v1", "envoyproxy/envoy:v1@sha256:ab", "localhost:5000/x/envoy", "r:1/envoy@sha256:a"]
        {
            assert_eq!(image_name(image), "envoy", "{image}");
        }
        assert_eq!((image_name(""), image_name("a/b/:")), ("", ""));
    }
}
