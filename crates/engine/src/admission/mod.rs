//! AdmissionReview bytes in, AdmissionReview bytes out. No I/O, no async.

mod answer;
mod handle;
mod wire;

pub use handle::{
    Cluster, Controlled, Counted, Decision, ErrorReason, Mode, Record, Response, handle, handle_knowing, handle_within,
};
