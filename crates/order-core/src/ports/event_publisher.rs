//! Where events go after they are committed.

use super::{FeedPosition, RecordedEvent, StoreId};
use async_trait::async_trait;

/// Publishes partitions of the feed to the outside, each event exactly once and in order.
///
/// Contract:
/// - [`take_over`](EventPublisher::take_over) fences every earlier holder of the partition first, and
///   then tells the cursor: after it answered, none of them can publish any more.
/// - [`publish`](EventPublisher::publish) is atomic: all of `events`, and the cursor that stands after
///   the last one, or nothing. After an error it is unknown which, and the partition has to be taken
///   over anew; the cursor then tells.
/// - `events` begin right after the cursor; a gap or a repetition is [`PublishError::OutOfOrder`]
///   and publishes nothing. Where there is no cursor, nothing can be published before
///   [`set_cursor`](EventPublisher::set_cursor) has written one.
#[async_trait]
pub trait EventPublisher: Send + Sync {
    /// Takes the partition over and tells how far it has been published; `None` where nobody ever wrote
    /// a cursor, or it is lost.
    async fn take_over(&self, partition: u16) -> Result<Option<Cursor>, PublishError>;

    /// Writes the cursor and publishes nothing: the first one of a partition, or an operator's.
    async fn set_cursor(&self, partition: u16, cursor: Cursor) -> Result<(), PublishError>;

    /// Publishes `events`, which are all of `partition`.
    async fn publish(&self, partition: u16, events: Vec<RecordedEvent>)
    -> Result<(), PublishError>;

    /// Lets go of the partition in order, after which it has to be taken over anew.
    async fn let_go(&self, partition: u16);

    /// How far the partition has been published, without taking it over: for operators.
    async fn look(&self, partition: u16) -> Result<Option<Cursor>, PublishError>;
}

/// How far a partition has been published. Written with the events, in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Offset of the last event that was published; 0 for none.
    pub offset: u64,
    /// The store whose feed it is.
    pub store: StoreId,
    /// The id of the event at `offset`, so that a feed that was rewound and went on otherwise is told.
    pub event: Option<String>,
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
    /// There is no cursor to publish after.
    #[error("partition {partition} has no cursor; nothing was published")]
    NoCursor {
        /// Which.
        partition: u16,
    },
    /// A cursor that cannot be read.
    #[error("the cursor of partition {partition} cannot be read: {detail}")]
    BadCursor {
        /// Which.
        partition: u16,
        /// Why.
        detail: String,
    },
    /// The broker is away or refused.
    #[error("the broker is unavailable: {detail}")]
    Unavailable {
        /// What failed, where, and what to do.
        detail: String,
    },
}
