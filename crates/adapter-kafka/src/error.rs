//! What can go wrong with a broker, in words for operators.

use rdkafka::error::KafkaError as Cause;

/// Something that the adapter asked of Kafka failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing} at {brokers} failed: {cause}")]
pub struct KafkaError {
    /// What was being done: `reading the metadata`.
    pub doing: String,
    /// The brokers that were asked.
    pub brokers: String,
    /// What librdkafka says of it.
    #[source]
    pub cause: Box<Cause>,
}
