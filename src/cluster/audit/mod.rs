//! Audits a living cluster: lists what is judged, page by page, and judges it.
//!
//! Mechanism: the lists of all kinds are read side by side, each page by page and in the order of etcd's keys, so that they come
//! namespace by namespace. One namespace is in memory at a time: what rules look up is noted, what makes Pods is judged, from workloads
//! down to Pods, and all of it is dropped. So each object is asked for once, and memory does not grow with the cluster.

mod list;
mod reports;
mod resources;
mod run;

pub use list::Calls;
pub use reports::{ReportsOptions, write_reports};
pub use run::{AuditError, AuditScope, audit_cluster};
