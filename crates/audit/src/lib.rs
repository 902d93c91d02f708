//! Objects of a living cluster in, what is wrong with them out: of a Deployment, its ReplicaSets and its Pods once.
//!
//! No files, no network, no threads, no clock: the caller brings the texts of the objects, and the time.

mod audit;
mod auditor;
mod fingerprint;
mod observe;
#[cfg(test)]
mod sample;

pub mod output;
pub mod since;

pub use audit::{Audit, Found, Judged, NotJudged, Observation, Source, Summary};
pub use auditor::{Auditor, Facts};
pub use fingerprint::fingerprints;
pub use observe::{OBSERVATIONS, find as find_observation};
