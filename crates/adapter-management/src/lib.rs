//! Metrics, health and status on the management plane.
//!
//! [`router()`] answers, [`serve()`] puts it on a listener. Everything shown is handed in by the
//! composition root: the registry that the metrics live in, the [`HealthSource`] that the probes ask.
//! What never enters: business traffic, a global registry, a call to a dependency (probes and scrapes
//! answer from what is known, so that they answer when a dependency does not).
//!
//! [`HealthSource`]: order_core::ports::HealthSource

mod components;
mod config;
mod error;
mod guard;
mod management;
mod metrics;
mod netcheck;
mod probes;
mod process;
mod router;
mod serve;
mod status;

pub use components::register_health_metrics;
pub use config::Config;
pub use management::Management;
pub use netcheck::NetworkChecks;
pub use process::register_process_metrics;
pub use router::router;
pub use serve::serve;
