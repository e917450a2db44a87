//! Kafka on the data plane: the feed goes out exactly once and in order, facts and commands come in
//! and have one effect each.
//!
//! Every socket of librdkafka is made by `planes` and bound to the data plane's interface before any
//! broker is known to a client (`client.rs`). What never enters: rules of the domain, SQL, HTTP.

mod client;
mod config;
mod error;
mod inbound;

pub use config::{Config, Tls, Topics};
pub use error::KafkaError;
pub use inbound::{Inbound, InboundConfig, InboundMetrics, InboundStatus};
