//! Takes what the watches of the cluster find, and how old that is. Reviews only read it.

use std::sync::Arc;

use super::shared::Shared;
use podgate_engine::model::Inventory;

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
}
