//! AdmissionReview bytes in, AdmissionReview bytes out. No I/O, no async.

mod handle;

pub use handle::{Decision, ErrorReason, Mode, Record, Response, handle};
