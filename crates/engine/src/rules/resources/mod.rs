//! Rules about requests and limits.

pub(super) mod guaranteed_spoiled;
pub(super) mod implausible_quantity;
pub(super) mod init_request_dominates;
pub(super) mod invalid_quantity;
pub(super) mod invalid_resize_policy;
pub(super) mod missing_memory_limit;
pub(super) mod missing_requests;
pub(super) mod pod_resources_inconsistent;
pub(super) mod request_exceeds_limit;
pub(super) mod undeclared_resource_claim;
pub(super) mod unused_resource_claim;
