//! Rules about restart policies.

pub(super) mod invalid_restart_policy;
pub(super) mod restart_policy_not_allowed;
