//! Where events go after they are committed.

use super::{FeedPosition, RecordedEvent};
use async_trait::async_trait;

/// Publishes one partition of the feed to the outside, each event exactly once and in order.
///
/// Contract:
/// - [`publish`](EventPublisher::publish) is atomic: all of `events`, and the cursor that stands
///   after the last one, or nothing. After an error it is unknown which; the cursor tells.
/// - [`cursor`](EventPublisher::cursor) fences every earlier holder of the partition first: after
///   it answered, none of them can publish any more.
/// - `events` begin right after the cursor; a gap or a repetition is [`PublishError::OutOfOrder`]
///   and publishes nothing.
#[async_trait]
pub trait EventPublisher: Send + Sync {
    /// Takes the partition over and tells the offset of the last event that was published, 0 for none.
    async fn cursor(&self, partition: u16) -> Result<u64, PublishError>;

    /// Publishes `events`, which are all of one partition.
    async fn publish(&self, events: &[RecordedEvent]) -> Result<(), PublishError>;
}

/// Why nothing was published, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Somebody else took the partition over.
    #[error("partition {partition} was taken over by another replica")]
    Fenced {
        /// Which.
        partition: u16,
    },
    /// The events do not begin right after the cursor.
    #[error("events begin at {got:?}, but {expected} comes next; nothing was published")]
    OutOfOrder {
        /// The first event's position.
        got: FeedPosition,
        /// The offset that comes next.
        expected: u64,
    },
    /// The broker is away or refused.
    #[error("the broker is unavailable: {detail}")]
    Unavailable {
        /// What failed, where, and what to do.
        detail: String,
    },
}
