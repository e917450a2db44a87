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

/// The topics are not as the adapter needs them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TopicError {
    /// Some do not exist.
    #[error(
        "topics are missing at {brokers}: {}; create them, or set KAFKA_CREATE_TOPICS=true", topics.join(", ")
    )]
    Missing {
        /// Which.
        topics: Vec<String>,
        /// Where.
        brokers: String,
    },
    /// One has settings that would lose or block messages.
    #[error("topic {topic} cannot be used: {detail}")]
    Unfit {
        /// Which.
        topic: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The brokers did not answer, or refused.
    #[error("{error}{}", reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    Kafka {
        /// What failed.
        error: KafkaError,
        /// What the client last said of its connections.
        reason: Option<String>,
    },
}
