//! Rules about restart policies.

pub(super) mod cron_job_stalls;
pub(super) mod cron_jobs_pile_up;
pub(super) mod disruption_spends_backoff;
pub(super) mod endless_restart_rule;
pub(super) mod invalid_container_restart_policy;
pub(super) mod invalid_restart_policy;
pub(super) mod invalid_schedule;
pub(super) mod job_restarts_uncounted;
pub(super) mod job_retry_extremes;
pub(super) mod job_with_app_sidecar;
pub(super) mod restart_all_skips_shutdown;
pub(super) mod restart_policy_not_allowed;
