//! Takes what the watches of the cluster find, and how old that is. Reviews only read it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::observe::gates::GateCount;
use super::shared::Shared;
use podgate_engine::model::Inventory;
use podgate_engine::policy::Engine;

/// Publishes the objects that rules look up, and the metrics that say how old they are.
#[derive(Debug, Clone)]
pub struct ClusterState(pub(crate) Arc<Shared>);

impl ClusterState {
    /// Judges reviews by `inventory` from now on. Until the first call, rules about other objects are silent.
    pub fn publish(&self, inventory: Inventory) {
        self.0.inventory.store(Some(Arc::new(inventory)));
    }

    /// Says that all objects of `kind` have been listed and are watched.
    pub fn found(&self, kind: &'static str) {
        self.0.metrics.watch_found(kind);
    }

    /// Says that the watch of `kind` is broken, so that its objects get old.
    pub fn lost(&self, kind: &'static str) {
        self.0.metrics.watch_lost(kind);
    }

    /// Returns the policy in force.
    pub fn engine(&self) -> Arc<Engine> {
        self.0.engine.load_full()
    }

    /// Returns the other objects, once they are known.
    pub fn inventory(&self) -> Option<Arc<Inventory>> {
        self.0.inventory.load_full()
    }

    /// Says whether somebody in the cluster removes the gates that wait for other objects. Until the first call nobody does.
    pub fn set_opens_gates(&self, opens: bool) {
        self.0.opens_gates.store(opens, Ordering::Relaxed);
    }

    /// Says how many Pods wait behind which gate.
    pub fn gates_counted(&self, gates: &BTreeMap<String, GateCount>) {
        self.0.metrics.gates_counted(gates);
    }

    /// Counts a gate that was removed, and how long its Pod had waited. `cause` is a word of few.
    pub fn gate_opened(&self, gate: &str, cause: &'static str, waited: Duration) {
        self.0.metrics.gate_opened(gate, cause, waited);
    }

    /// Counts an attempt to remove a gate that failed.
    pub fn gate_patch_failed(&self) {
        self.0.metrics.gate_patch_failed();
    }

    /// Says whether this replica removes gates.
    pub fn leads_gates(&self, leads: bool) {
        self.0.metrics.leads_gates(leads);
    }
}
