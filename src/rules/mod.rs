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
    &init::sidecar_without_probe::RULE,
    &ports::port_conflict::RULE,
    &ports::host_port_conflict::RULE,
    &ports::unresolved_named_port::RULE,
    &probes::invalid_probe::RULE,
    &probes::missing_readiness_probe::RULE,
    &restart::invalid_restart_policy::RULE,
    &restart::restart_policy_not_allowed::RULE,
    &scheduling::gated_with_node_name::RULE,
    &scheduling::scheduling_gate_added::RULE,
    &scheduling::invalid_scheduling_gate::RULE,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
