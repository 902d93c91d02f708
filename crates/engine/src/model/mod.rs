//! What a pod *is*. Views borrowed from the received JSON text: serde only, nothing derived, no defaults applied.
//!
//! Unknown fields are skipped, JSON `null` means absent (for lists too), and a list where an object belongs is an error.

pub mod autoscaler;
pub mod fields;
pub mod inventory;
pub mod inventory_object;
pub mod object;
pub mod objects;
pub mod operation;
mod outline;
pub mod pod;
pub mod pod_ports;
#[rustfmt::skip]
pub mod pod_fields;
pub mod quantity;
mod read;
pub mod review;
pub mod selection;
pub mod selector;
pub mod service;
pub mod table;
pub mod target;
pub mod version;
pub mod workload;

pub use inventory::Inventory;
pub use inventory_object::InventoryObject;
pub use object::{Object, Template};
pub use objects::Objects;
pub use operation::Operation;
pub use pod::{
    Container, ContainerPort, HttpGet, IntOrString, Lifecycle, LifecycleHandler, Metadata, OwnerReference, PodSpec,
    PodStatus, Probe, PullPolicy,
};
pub use pod_ports::PodPorts;
pub use quantity::{Amount, Quantity, ResourceList};
pub use review::{ObjectError, Request, Review, ReviewError, User};
pub use selection::{Glob, Selection, Subject};
pub use selector::{Applies, LabelSelector, SelectorView};
pub use table::WorkloadTable;
pub use target::{Concern, Target};
pub use version::{Feature, KubernetesVersion};
pub use workload::Workload;
