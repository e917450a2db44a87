//! What the rooms of this plane share.

use crate::Overview;
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
    /// When it started, by the monotonic clock.
    pub started: Instant,
    /// What the probes ask.
    pub health: Arc<dyn HealthSource>,
    /// The metrics. Filled once by the composition root; the values are live.
    pub registry: Arc<Registry>,
    /// What the dashboard shows beside health.
    pub overview: Arc<dyn Overview>,
    /// Who may do what is not for everybody.
    pub callers: Arc<dyn Callers>,
}
