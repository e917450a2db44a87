//! What the rooms of this plane share.

use crate::{NetworkChecks, RepairMetrics};
use order_core::app::Repairs;
use order_core::ports::{Callers, Counts, HealthSource};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// What the management plane shows.
#[derive(Clone)]
pub struct Management {
    /// The service's name: `order-service`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// When it started, by the monotonic clock.
    pub started: Instant,
    /// What the probes ask.
    pub health: Arc<dyn HealthSource>,
    /// The metrics. Filled once by the composition root; the values are live.
    pub registry: Arc<Registry>,
    /// Who checks the networks of this pod.
    pub network: Arc<dyn NetworkChecks>,
    /// Who may do what is not for everybody.
    pub callers: Arc<dyn Callers>,
    /// What went wrong, for administrators.
    pub repairs: Repairs,
    /// Counts what they do about it.
    pub repair_metrics: RepairMetrics,
    /// What was counted last of orders, dead letters and parked facts; `None` before the first time.
    pub stock: watch::Receiver<Option<Counts>>,
}
