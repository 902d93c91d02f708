//! L0: what a pod *is*. Views borrowed from the received JSON text: serde only, nothing derived, no defaults applied.
//!
//! Unknown fields are skipped, JSON `null` means absent (for lists too), and a list where an object belongs is an error.

pub mod json;
pub mod path;
pub mod pod;
pub mod review;
pub mod scalar;
pub mod text;
pub mod workload;
pub mod yaml;

pub use json::{List, Map};
pub use path::Path;
pub use pod::{
    Container, ContainerPort, HttpGet, IntOrString, Lifecycle, LifecycleHandler, Metadata, PodSpec, PodStatus, Probe,
};
pub use review::{Operation, Request, Review, ReviewError, User};
pub use text::Str;
pub use workload::{Object, Template, Workload};
