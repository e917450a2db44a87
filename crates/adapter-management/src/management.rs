//! What the rooms of this plane share.

use crate::{NetworkChecks, Overview, RepairMetrics};
use order_core::app::Repairs;
use order_core::ports::{Callers, HealthSource};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Instant;

/// What the management plane shows.
#[derive(Clone)]
pub struct Management {
    /// The service's name: `order-service`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The pod's name, where it is known.
    pub pod: Option<String>,
    /// When it started, by the monotonic clock.
    pub started: Instant,
    /// What the probes ask.
    pub health: Arc<dyn HealthSource>,
    /// The metrics. Filled once by the composition root; the values are live.
    pub registry: Arc<Registry>,
    /// Who checks the networks of this pod.
    pub network: Arc<dyn NetworkChecks>,
    /// What the dashboard shows beside health.
    pub overview: Arc<dyn Overview>,
    /// Who may do what is not for everybody.
    pub callers: Arc<dyn Callers>,
    /// What went wrong, for administrators.
    pub repairs: Repairs,
    /// Counts what they do about it.
    pub repair_metrics: RepairMetrics,
}
