//! Rules about who owns a Pod and how long it and its Job live.

pub(super) mod deadline_not_allowed;
pub(super) mod finished_job_kept;
pub(super) mod image_drifts;
pub(super) mod naked_pod;
pub(super) mod node_name_set;
pub(super) mod pod_field_change;
pub(super) mod selector_mismatch;
pub(super) mod terminal_phase_left;
