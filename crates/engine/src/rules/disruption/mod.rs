//! Rules about what is left when Pods go: roll-outs, node drains, evictions, deletions.

pub(super) mod blocking_disruption_budget;
pub(super) mod budget_blocks_workload;
pub(super) mod budget_without_scale;
pub(super) mod daemonset_surge_host_port;
pub(super) mod deletion_bypasses_budget;
pub(super) mod eternal_toleration;
pub(super) mod full_outage_rollout;
pub(super) mod invalid_disruption_budget;
pub(super) mod invalid_update_strategy;
pub(super) mod missing_disruption_budget;
pub(super) mod no_spread;
pub(super) mod overlapping_disruption_budgets;
pub(super) mod single_replica;
pub(super) mod spread_counts_old_pods;
pub(super) mod spread_without_effect;
pub(super) mod unhealthy_eviction_policy_unset;
pub(super) mod unobserved_rollout;
