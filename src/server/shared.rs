//! State that all parts of a server share: what reviews are judged by, and what is told of them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::observe::health::Health;
use super::observe::metrics::Metrics;
use super::observe::unopened_gates::UnopenedGates;
use super::options::Limits;
use podgate_engine::model::Inventory;
use podgate_engine::policy::Engine;

/// One for each server. Every part has its `Arc`, reads what it needs, and changes only what can be changed through a shared
/// reference.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The policy in force. Exchanged as a whole: a review keeps the engine that it began with.
    pub(crate) engine: Arc<ArcSwap<Engine>>,
    /// The other objects of the cluster; empty until all kinds have been listed.
    pub(crate) inventory: ArcSwapOption<Inventory>,
    /// Tells whether somebody removes the gates that wait for other objects.
    pub(crate) opens_gates: AtomicBool,
    /// Decides on readiness.
    pub(crate) health: Health,
    /// Counts.
    pub(crate) metrics: Metrics,
    /// Warns of gates that nobody opens.
    pub(crate) unopened_gates: UnopenedGates,
    /// Limits of the webhook's port.
    pub(crate) limits: Limits,
    /// Fraction of the answers that allow without a finding which is logged, from 0 to 1.
    pub(crate) log_allowed: f64,
}

impl Shared {
    /// Returns the state of a server that knows no other objects and has no certificate yet.
    pub(crate) fn new(engine: Arc<ArcSwap<Engine>>, limits: Limits, log_allowed: f64) -> Arc<Self> {
        Arc::new(Self {
            engine,
            inventory: ArcSwapOption::empty(),
            opens_gates: AtomicBool::new(false),
            health: Health::new(),
            metrics: Metrics::new(),
            unopened_gates: UnopenedGates::default(),
            limits,
            log_allowed,
        })
    }
}
