//! Metrics of scheduling gates. Gates are named by policies, so that their number is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use podgate_engine::admission::Record;

/// Upper bounds in seconds: from a Service that is nearly there to a migration that takes a day.
const WAIT_BUCKETS: [f64; 14] =
    [1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 43_200.0, 86_400.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GateLabels {
    gate: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct ReasonLabels {
    gate: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabels {
    gate: String,
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoLabels {}

/// What is counted of the Pods behind one gate.
#[derive(Debug, Clone, Default)]
pub struct GateCount {
    /// How many Pods there are, by why they wait.
    pub by_reason: BTreeMap<&'static str, u64>,
    /// When the oldest was created, in seconds since 1970.
    pub oldest_timestamp_seconds: i64,
}

/// The metrics of gates.
#[derive(Debug)]
pub(super) struct GateMetrics {
    gated_pods: Family<ReasonLabels, Gauge>,
    oldest: Family<GateLabels, Gauge>,
    wait: Family<GateLabels, Histogram>,
    opened: Family<CauseLabels, Counter>,
    patch_failures: Counter,
    not_added: Family<GateLabels, Counter>,
    /// Only there where this process may remove gates: 0 of a process that may not would look as if nobody did.
    leader: Family<NoLabels, Gauge>,
    /// The gates that have been told of, so that they go to 0 when nobody waits.
    told: Mutex<BTreeSet<ReasonLabels>>,
}

impl Default for GateMetrics {
    fn default() -> Self {
        Self {
            gated_pods: Family::default(),
            oldest: Family::default(),
            wait: Family::new_with_constructor(|| Histogram::new(WAIT_BUCKETS)),
            opened: Family::default(),
            patch_failures: Counter::default(),
            not_added: Family::default(),
            leader: Family::default(),
            told: Mutex::default(),
        }
    }
}

impl GateMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "gated_pods",
            "Pods behind a scheduling gate that podgate removes, by why they wait",
            Family::clone(&self.gated_pods),
        );
        registry.register(
            "gated_pods_oldest_timestamp_seconds",
            "When the oldest Pod behind a gate was created; 0 where there is none",
            Family::clone(&self.oldest),
        );
        registry.register_with_unit(
            "gate_wait",
            "Time from the creation of a Pod to the removal of its gate",
            Unit::Seconds,
            self.wait.clone(),
        );
        registry.register("gates_opened", "Scheduling gates that were removed", Family::clone(&self.opened));
        registry.register(
            "gate_patch_failures",
            "Attempts to remove a gate that failed; they are made again",
            Counter::clone(&self.patch_failures),
        );
        registry.register(
            "gates_not_added",
            "Gates that the policy asks for and that a new Pod did not get",
            Family::clone(&self.not_added),
        );
        registry.register("gate_leader", "1 where this replica removes gates", Family::clone(&self.leader));
    }

    pub(super) fn answered(&self, record: &Record<'_>) {
        for left_out in &record.left_out {
            self.not_added.get_or_create(&GateLabels { gate: left_out.gate.clone() }).inc();
        }
    }

    /// Says how many Pods wait behind which gate, in place of what was said before.
    pub(super) fn counted(&self, gates: &BTreeMap<String, GateCount>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for labels in told.iter() {
            let is_said = gates.get(&labels.gate).is_some_and(|count| count.by_reason.contains_key(labels.reason));
            if !is_said {
                self.gated_pods.get_or_create(labels).set(0);
            }
            if !gates.contains_key(&labels.gate) {
                self.oldest.get_or_create(&GateLabels { gate: labels.gate.clone() }).set(0);
            }
        }
        for (gate, GateCount { by_reason, oldest_timestamp_seconds }) in gates {
            self.oldest.get_or_create(&GateLabels { gate: gate.clone() }).set(*oldest_timestamp_seconds);
            for (reason, count) in by_reason {
                let labels = ReasonLabels { gate: gate.clone(), reason };
                self.gated_pods.get_or_create(&labels).set(i64::try_from(*count).unwrap_or(i64::MAX));
                told.insert(labels);
            }
        }
    }

    pub(super) fn opened(&self, gate: &str, cause: &'static str, waited: Duration) {
        self.opened.get_or_create(&CauseLabels { gate: gate.to_owned(), cause }).inc();
        self.wait.get_or_create(&GateLabels { gate: gate.to_owned() }).observe(waited.as_secs_f64());
    }

    pub(super) fn patch_failed(&self) {
        self.patch_failures.inc();
    }

    pub(super) fn leads(&self, leads: bool) {
        self.leader.get_or_create(&NoLabels {}).set(i64::from(leads));
    }
}
