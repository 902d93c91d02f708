//! L0: what a pod *is*. Views borrowed from the received JSON text: serde only, nothing derived, no defaults applied.
//!
//! Unknown fields are skipped, JSON `null` means absent (for lists too), and a list where an object belongs is an error.

pub mod aspect;
pub mod entry;
pub mod given;
pub mod inventory;
pub mod json;
pub mod operation;
pub mod path;
pub mod pod;
pub mod quantity;
pub mod review;
pub mod scalar;
pub mod selection;
pub mod selector;
pub mod small;
pub mod text;
pub mod workload;
pub mod yaml;

pub use aspect::Aspect;
pub use given::{Given, Reading};
pub use inventory::Inventory;
pub use json::{List, Map};
pub use operation::Operation;
pub use path::Path;
pub use pod::{
    Container, ContainerPort, HttpGet, IntOrString, Lifecycle, LifecycleHandler, Metadata, OwnerReference, PodSpec,
    PodStatus, Probe,
};
pub use quantity::{Amount, Quantity, ResourceList};
pub use review::{Request, Review, ReviewError, User};
pub use selection::{Glob, Selection, Subject};
pub use selector::{Applies, LabelSelector, SelectorView};
pub use small::SmallMap;
pub use text::Str;
pub use workload::{Object, Template, Workload};
