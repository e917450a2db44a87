//! Traces and logs to a collector, by OTLP over gRPC on the management plane.
//!
//! Spans and log lines are put into bounded queues and shipped by tasks of their own. A collector that is
//! slow or away costs spans and lines, which are counted, and never an order. What never enters: spans
//! that nobody marked with `otel.kind`, log lines of the libraries that ship, metrics (those are scraped).

mod config;
mod connect;
mod logs;
mod metrics;
mod otlp;
mod parent;
mod queue;
mod ship;
mod traces;

pub use config::{Config, InvalidEndpoint};
pub use otlp::Otlp;
