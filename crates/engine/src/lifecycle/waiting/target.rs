//! What is waited for: an object, and what has to hold of it.

use std::fmt;

/// One thing that a Pod waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wait {
    /// The object.
    pub target: Target,
    /// What has to hold of it.
    pub until: Until,
}

/// An object that Pods wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty where it is the Pod's own.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What has to hold of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// Of a Service: so many endpoints are ready, by its EndpointSlices.
    ReadyEndpoints(usize),
    /// Of a Job: its condition `Complete` is true.
    Complete,
    /// Of a Deployment, a StatefulSet or a DaemonSet: its Pods are available, and there is one at least.
    Available,
    /// Of a PersistentVolumeClaim: its phase is `Bound`.
    Bound,
    /// It exists, and is not being deleted.
    Exists,
    /// A condition in its `status.conditions` has this status.
    Condition {
        /// The condition's `type`.
        name: String,
        /// The `status`, mostly `True`.
        status: String,
    },
}

impl Wait {
    /// Returns the same with a namespace: its own, or `own` where it has none.
    #[must_use]
    pub fn in_namespace(mut self, own: &str) -> Self {
        if self.target.namespace.is_empty() {
            own.clone_into(&mut self.target.namespace);
        }
        self
    }
}

impl Target {
    /// Returns how it is called beside a Pod of `namespace`: `service/db`, and of another namespace `shop/service/db`.
    pub fn beside(&self, namespace: &str) -> String {
        if self.namespace.is_empty() || self.namespace == namespace {
            format!("{}/{}", self.kind.to_lowercase(), self.name)
        } else {
            self.to_string()
        }
    }

    /// Returns the API group; empty for the core.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}
