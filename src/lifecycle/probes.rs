//! Probes with the API's defaults applied (`SetDefaults_Probe`, `core/v1` field documentation).

use crate::model::Probe;

/// A probe's numbers as the kubelet uses them: 0 and absent mean the default, except for the initial delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Seconds before the first probe; default 0.
    pub initial_delay_seconds: i64,
    /// Seconds after which one probe counts as failed; default 1.
    pub timeout_seconds: i64,
    /// Seconds between probes; default 10.
    pub period_seconds: i64,
    /// Successes in a row that count as success; default 1.
    pub success_threshold: i64,
    /// Failures in a row that count as failure; default 3.
    pub failure_threshold: i64,
}

impl Timing {
    /// The numbers of `probe` after defaulting.
    pub fn of(probe: &Probe<'_>) -> Self {
        let or = |value: Option<i64>, default| value.filter(|number| *number != 0).unwrap_or(default);
        Self {
            initial_delay_seconds: probe.initial_delay_seconds.unwrap_or(0),
            timeout_seconds: or(probe.timeout_seconds, 1),
            period_seconds: or(probe.period_seconds, 10),
            success_threshold: or(probe.success_threshold, 1),
            failure_threshold: or(probe.failure_threshold, 3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        let defaults = Timing {
            initial_delay_seconds: 0,
            timeout_seconds: 1,
            period_seconds: 10,
            success_threshold: 1,
            failure_threshold: 3,
        };
        assert_eq!(Timing::of(&Probe::default()), defaults);
        let zeros = Probe { period_seconds: Some(0), failure_threshold: Some(0), ..Probe::default() };
        assert_eq!(Timing::of(&zeros), defaults);
        let own = Probe { period_seconds: Some(5), success_threshold: Some(-1), ..Probe::default() };
        assert_eq!(Timing::of(&own), Timing { period_seconds: 5, success_threshold: -1, ..defaults });
    }
}
