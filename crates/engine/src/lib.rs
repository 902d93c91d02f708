#![doc = include_str!("../README.md")]
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
