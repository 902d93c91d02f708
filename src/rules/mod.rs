//! L2: the rules. One file a rule, in a folder a family; this file only lists them.

pub mod rule;

mod init;
mod ports;
mod probes;
mod restart;
mod scheduling;

pub use rule::{Check, Finding, Level, Report, Rule};

/// Every rule, by family, in the order of the catalogue.
pub static RULES: &[&Rule] = &[
    &init::init_container_probe::RULE,
    &init::init_container_lifecycle_hook::RULE,
    &init::init_container_field_change::RULE,
    &init::init_image_change_without_effect::RULE,
    &init::init_only_rollout::RULE,
    &init::init_container_never_ends::RULE,
    &init::unbounded_init_retry::RULE,
    &init::orphan_init_volume::RULE,
    &init::sidecar_without_probe::RULE,
    &ports::port_conflict::RULE,
    &ports::host_port_conflict::RULE,
    &ports::duplicate_port_name::RULE,
    &ports::unresolved_named_port::RULE,
    &ports::undeclared_probe_port::RULE,
    &ports::host_port_replicas::RULE,
    &ports::host_network_port_mismatch::RULE,
    &probes::invalid_probe::RULE,
    &probes::missing_readiness_probe::RULE,
    &probes::liveness_as_readiness::RULE,
    &probes::liveness_without_startup::RULE,
    &probes::startup_window_too_short::RULE,
    &probes::probe_timeout_exceeds_period::RULE,
    &probes::frequent_exec_probe::RULE,
    &probes::liveness_on_never_restart::RULE,
    &probes::progress_deadline_too_short::RULE,
    &restart::invalid_restart_policy::RULE,
    &restart::restart_policy_not_allowed::RULE,
    &restart::invalid_container_restart_policy::RULE,
    &restart::endless_restart_rule::RULE,
    &restart::job_with_app_sidecar::RULE,
    &restart::job_retry_extremes::RULE,
    &restart::cron_jobs_pile_up::RULE,
    &scheduling::gated_with_node_name::RULE,
    &scheduling::scheduling_gate_added::RULE,
    &scheduling::invalid_scheduling_gate::RULE,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
