//! Kafka on the data plane: the feed goes out exactly once and in order, facts and commands come in
//! and have one effect each.
//!
//! Every socket of librdkafka is made by `planes` and bound to the data plane's interface before any
//! broker is known to a client (`client.rs`); names of brokers are asked by `planes` too (`resolve.rs`). What never enters: rules of the domain, SQL, HTTP.

mod advertised;
mod asyncapi;
mod client;
mod config;
mod context;
mod error;
mod headers;
mod inbound;
mod network;
mod outbound;
mod rarely;
mod resolve;
mod sockets;
mod spans;
mod topics;

pub use advertised::advertised;
pub use asyncapi::asyncapi;
pub use config::{Config, NewTopics, Tls, Topics};
pub use error::{KafkaError, TopicError};
pub use inbound::{Inbound, InboundConfig, InboundMetrics, InboundStatus, Redriver};
pub use outbound::KafkaPublisher;
pub use topics::{Found, Wanted, ensure};
