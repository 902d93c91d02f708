//! Warns of gates that the policy asks for and that Pods do not get, as nobody would open them: the Pods start too early.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use super::log::clean;
use podgate_engine::admission::Record;
use podgate_engine::mutate::NOBODY_OPENS;

/// Time between two warnings of one gate: each Pod has its own line of the log anyway.
const INTERVAL: Duration = Duration::from_secs(60);

/// Remembers when each gate was warned of. Gates are named by policies, so that their number is bounded.
#[derive(Debug, Default)]
pub(crate) struct UnopenedGates(Mutex<BTreeMap<String, Instant>>);

impl UnopenedGates {
    /// Warns of each gate that an answer leaves out because nobody opens it.
    pub(crate) fn answered(&self, record: &Record<'_>) {
        for left_out in record.left_out.iter().filter(|left_out| left_out.why == NOBODY_OPENS) {
            if self.is_due(&left_out.gate, Instant::now()) {
                warn!(
                    gate = &*clean(&left_out.gate),
                    "Pods start without the gate that the policy asks for, as nobody would remove it; give one podgate serve of this \
                     cluster --open-gates"
                );
            }
        }
    }

    fn is_due(&self, gate: &str, now: Instant) -> bool {
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = warned.get(gate).is_none_or(|last| now.saturating_duration_since(*last) >= INTERVAL);
        if is_due {
            warned.insert(gate.to_owned(), now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gate_is_warned_of_once_a_minute() {
        let (gates, begin) = (UnopenedGates::default(), Instant::now());
        let due = |gate: &str, seconds: u64| gates.is_due(gate, begin + Duration::from_secs(seconds));
        assert_eq!([due("a", 0), due("a", 1), due("b", 1), due("a", 59)], [true, false, true, false]);
        assert_eq!([due("a", 60), due("a", 61), due("b", 61)], [true, false, true]);
    }
}
