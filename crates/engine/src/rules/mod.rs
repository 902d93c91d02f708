//! The rules. One file a rule, in a folder a family; this file only lists them.

pub mod budget;
pub mod family;
pub mod level;
pub mod page;
pub mod rule;

mod disruption;
mod fields;
mod init;
mod ownership;
mod ports;
mod probes;
mod resources;
mod restart;
mod scaling;
mod scheduling;
mod storage;
mod termination;

pub(crate) use fields::field_not_in_version;
pub use level::Level;
pub use rule::{Check, Finding, Report, Rule};

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
    &ports::invalid_port::RULE,
    &ports::port_conflict::RULE,
    &ports::host_port_conflict::RULE,
    &ports::duplicate_port_name::RULE,
    &ports::unresolved_named_port::RULE,
    &ports::service_port_unresolved::RULE,
    &ports::stateful_service_missing::RULE,
    &ports::undeclared_probe_port::RULE,
    &ports::host_port_replicas::RULE,
    &ports::host_network_port_mismatch::RULE,
    &probes::invalid_probe::RULE,
    &probes::missing_readiness_probe::RULE,
    &probes::liveness_as_readiness::RULE,
    &probes::liveness_without_startup::RULE,
    &probes::startup_window_too_short::RULE,
    &probes::probe_of_another_host::RULE,
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
    &restart::job_restarts_uncounted::RULE,
    &restart::restart_all_skips_shutdown::RULE,
    &restart::disruption_spends_backoff::RULE,
    &restart::invalid_schedule::RULE,
    &restart::cron_jobs_pile_up::RULE,
    &restart::cron_job_stalls::RULE,
    &ownership::naked_pod::RULE,
    &ownership::selector_mismatch::RULE,
    &ownership::node_name_set::RULE,
    &ownership::deadline_not_allowed::RULE,
    &ownership::finished_job_kept::RULE,
    &ownership::image_drifts::RULE,
    &ownership::pod_field_change::RULE,
    &ownership::terminal_phase_left::RULE,
    &termination::invalid_hook::RULE,
    &termination::hook_tcp_socket::RULE,
    &termination::prestop_exceeds_grace::RULE,
    &termination::prestop_exceeds_probe_grace::RULE,
    &termination::zero_grace_period::RULE,
    &termination::grace_too_long::RULE,
    &termination::kill_stop_signal::RULE,
    &termination::no_drain_window::RULE,
    &storage::undeclared_volume::RULE,
    &storage::unmounted_env_file::RULE,
    &storage::unused_volume::RULE,
    &storage::stateful_empty_dir::RULE,
    &storage::unbounded_memory_volume::RULE,
    &storage::one_node_volume_rollout::RULE,
    &resources::invalid_quantity::RULE,
    &resources::implausible_quantity::RULE,
    &resources::request_exceeds_limit::RULE,
    &resources::pod_resources_inconsistent::RULE,
    &resources::missing_requests::RULE,
    &resources::missing_memory_limit::RULE,
    &resources::init_request_dominates::RULE,
    &resources::guaranteed_spoiled::RULE,
    &resources::invalid_resize_policy::RULE,
    &resources::undeclared_resource_claim::RULE,
    &resources::unused_resource_claim::RULE,
    &disruption::single_replica::RULE,
    &disruption::no_spread::RULE,
    &disruption::spread_without_effect::RULE,
    &disruption::spread_counts_old_pods::RULE,
    &disruption::full_outage_rollout::RULE,
    &disruption::daemonset_surge_host_port::RULE,
    &disruption::unobserved_rollout::RULE,
    &disruption::eternal_toleration::RULE,
    &disruption::invalid_update_strategy::RULE,
    &disruption::invalid_disruption_budget::RULE,
    &disruption::blocking_disruption_budget::RULE,
    &disruption::budget_blocks_workload::RULE,
    &disruption::budget_without_scale::RULE,
    &disruption::unhealthy_eviction_policy_unset::RULE,
    &disruption::overlapping_disruption_budgets::RULE,
    &disruption::missing_disruption_budget::RULE,
    &disruption::deletion_bypasses_budget::RULE,
    &scaling::autoscaler_without_effect::RULE,
    &scaling::replicas_reset_autoscaler::RULE,
    &scheduling::pinned_to_host::RULE,
    &scheduling::gated_with_node_name::RULE,
    &scheduling::scheduling_gate_added::RULE,
    &scheduling::invalid_scheduling_gate::RULE,
    &scheduling::unknown_scheduling_gate::RULE,
    &scheduling::invalid_wait_for::RULE,
    &scheduling::wait_for_unknown_target::RULE,
    &scheduling::wait_for_circle::RULE,
    &fields::field_not_in_version::RULE,
    &fields::unknown_field::RULE,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
