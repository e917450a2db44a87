//! Metrics, health and the dashboard on the management plane.
//!
//! [`router()`] answers, [`serve()`] puts it on a listener. Everything shown is handed in by the
//! composition root: the registry that the metrics live in, the [`HealthSource`] that the probes ask,
//! the [`Overview`] that the dashboard shows.
//! What never enters: business traffic, a global registry, a call to a dependency by a probe or a scrape
//! (they answer from what is known, so that they answer when a dependency does not). What administrators
//! repair they ask the application for ([`Repairs`](order_core::app::Repairs)).
//!
//! [`HealthSource`]: order_core::ports::HealthSource

mod components;
mod config;
mod error;
mod guard;
mod management;
mod metrics;
mod netcheck;
mod overview;
mod page;
mod probes;
mod process;
mod query;
mod repair_metrics;
mod repairs;
mod router;
mod serve;
mod snapshot;
mod status;
mod stream;
mod views;

pub use components::register_health_metrics;
pub use config::Config;
pub use management::Management;
pub use netcheck::NetworkChecks;
pub use overview::{Overview, PeerFailure};
pub use process::register_process_metrics;
pub use repair_metrics::RepairMetrics;
pub use router::router;
pub use serve::serve;
pub use snapshot::{
    Certificate, Counted, Encryption, Feed, FeedPartition, Interface, Kafka, Orders, OrdersInState,
    Peer, Peers, Pod, Policies, Repair, Snapshot, Socket, Sockets, TopViolation, Traffic,
    Violations,
};
