//! podgate's judgement of Pods over their lifecycle, for programs of your own: no files, no network, no threads, and it builds for
//! `wasm32-unknown-unknown`.
//!
//! A policy's text becomes an [`Engine`]. An AdmissionReview's bytes become an answer by [`handle`]; an object's text becomes a
//! [`Verdict`] by [`judge`].
//!
//! ```
//! use podgate_engine::{Decision, Engine, Level, Mode, handle, judge, parse};
//!
//! let policy = "{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {rules: {naked-pod: off}}}";
//! let engine = Engine::new(&parse(policy, "policy.yaml")?);
//!
//! let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
//!               "spec": {"restartPolicy": "always", "containers": []}}"#;
//! let verdict = judge(&engine, pod, "default")?.unwrap();
//! let finding = &verdict.findings[0];
//! assert_eq!((finding.rule.id, finding.level), ("invalid-restart-policy", Level::Deny));
//! assert_eq!(finding.at.to_string(), "spec.restartPolicy");
//!
//! let review = format!(
//!     r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {{
//!         "uid": "1", "operation": "CREATE", "kind": {{"group": "", "version": "v1", "kind": "Pod"}},
//!         "namespace": "default", "object": {pod}}}}}"#
//! );
//! let response = handle(&engine, Mode::Validate, review.as_bytes());
//! assert_eq!((response.status, response.record.decision), (200, Decision::Denied));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules are layers: imports point down, never up.
//!
//! - [`syntax`]: text, and what is written in it.
//! - [`model`]: what a Pod *is*, borrowed from the received bytes.
//! - [`lifecycle`]: what a Pod *does*, derived from the model.
//! - [`rules`] and [`mutate`]: opinions, one file each.
//! - [`policy`]: what an administrator decided, and the engine that applies it.
//! - [`admission`]: AdmissionReviews in, answers out.

pub mod admission;
pub mod lifecycle;
pub mod model;
pub mod mutate;
pub mod panics;
pub mod policy;
pub mod rules;
pub mod syntax;

pub use admission::{Decision, Mode, Response, handle};
pub use policy::{Engine, PolicyError, Verdict, parse};
pub use rules::{Finding, Level};

/// Judges an object that is created: JSON text with `apiVersion` and `kind`. One that names no namespace lives in `namespace`.
///
/// Returns `None` for kinds that hold no Pods and are not judged. Fails where the object is not what its kind says; the error
/// lists each field that cannot be read.
pub fn judge(engine: &Engine, object: &str, namespace: &str) -> Result<Option<Verdict>, model::ReviewError> {
    let review = model::Review::created(engine.kinds(), object, namespace)?;
    Ok(review.map(|review| engine.review(&review)))
}
