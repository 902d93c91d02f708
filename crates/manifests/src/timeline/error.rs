//! Why there is no timeline.

use podgate_engine::model::ReviewError;

use super::scenario::ScenarioError;

/// Why there is no timeline: one line, no final stop.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// There is no object with Pods.
    #[error("no object with a Pod template is here; give a Pod, or a workload such as a Deployment or a Job")]
    None,
    /// A text cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// There are several objects with Pods.
    #[error("{} objects have Pods; choose one with --object: {}", .0.len(), .0.join(", "))]
    Several(Vec<String>),
    /// No object is called so.
    #[error("there is no {object}{near}; objects with Pods are {}", all.join(", "))]
    Unknown {
        /// What was asked for.
        object: String,
        /// What may have been meant.
        near: String,
        /// The objects that there are.
        all: Vec<String>,
    },
    /// The object cannot be read.
    #[error("{name}: {cause}")]
    Object {
        /// Kind and name.
        name: String,
        /// Why.
        cause: ReviewError,
    },
    /// The object has no Pod's spec.
    #[error("{0} holds no Pod's spec")]
    NoSpec(String),
    /// The scenario does not fit.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}
