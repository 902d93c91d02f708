//! What is known of the cluster, and how well. Whoever watches the cluster writes it; requests only read.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::server::observe::metrics::Metrics;
use podgate_engine::model::Inventory;

/// The objects that rules look up, and the metrics that say how old that is.
#[derive(Debug, Clone)]
pub struct ClusterState {
    pub(crate) inventory: Arc<ArcSwapOption<Inventory>>,
    pub(crate) metrics: Arc<Metrics>,
}

impl ClusterState {
    /// Nothing is known, so rules about other objects are silent.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { inventory: Arc::default(), metrics }
    }

    /// Requests from now on are judged by `inventory`.
    pub fn publish(&self, inventory: Inventory) {
        self.inventory.store(Some(Arc::new(inventory)));
    }

    /// All objects of `kind` have been listed and are watched.
    pub fn found(&self, kind: &'static str) {
        self.metrics.watch_found(kind);
    }

    /// The watch of `kind` is broken, so what is known gets old.
    pub fn lost(&self, kind: &'static str) {
        self.metrics.watch_lost(kind);
    }
}
