//! When a partition must not go on by itself: publishing would double or lose events.

use crate::ports::{FeedPosition, StoreId};

/// Why a partition stands still until an operator has looked. `order-service feed status` shows where
/// it stands, `order-service feed resume --partition N --after OFFSET` lets it go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// It was published before, but nothing tells how far.
    #[error(
        "partition {partition} has been published up to {known} at least, but its cursor is gone: the cursor topic was deleted, or this is another cluster"
    )]
    CursorLost {
        /// Which.
        partition: u16,
        /// What the store knows.
        known: u64,
    },
    /// The cursor stands behind what was published.
    #[error(
        "the cursor of partition {partition} stands at {offset}, but {known} has been published: the end of the cursor topic was lost"
    )]
    CursorBehind {
        /// Which.
        partition: u16,
        /// The cursor.
        offset: u64,
        /// What the store knows.
        known: u64,
    },
    /// The cursor stands at an event that the store does not have.
    #[error(
        "the cursor of partition {partition} stands at {offset}, but the newest event of the store is {head}: the store was restored from an older state"
    )]
    CursorAhead {
        /// Which.
        partition: u16,
        /// The cursor.
        offset: u64,
        /// The newest event.
        head: u64,
    },
    /// The feed of another store was published here.
    #[error(
        "the cursor of partition {partition} is of store {theirs}, but this is store {ours}: two deployments cannot share the topics of one Kafka: give this one a Kafka of its own"
    )]
    OtherStore {
        /// Which.
        partition: u16,
        /// The cursor's.
        theirs: StoreId,
        /// The one that was to be published.
        ours: StoreId,
    },
    /// The store went on otherwise than what was published.
    #[error(
        "event {offset} of partition {partition} was published as {published}, but the store has {stored} there: the store was restored from an older state and went on"
    )]
    OtherHistory {
        /// Which.
        partition: u16,
        /// The cursor.
        offset: u64,
        /// The event that consumers have.
        published: String,
        /// The event that the store has.
        stored: String,
    },
    /// The events after the cursor are no longer kept.
    #[error(
        "the cursor of partition {partition} stands at {offset}, but the store keeps only what is after {oldest}"
    )]
    Forgotten {
        /// Which.
        partition: u16,
        /// The cursor.
        offset: u64,
        /// The oldest position that can be read after.
        oldest: u64,
    },
    /// The feed has a hole.
    #[error("partition {partition} has {got:?} where {expected} comes next: the store has a hole")]
    Gap {
        /// Which.
        partition: u16,
        /// The offset that comes next.
        expected: u64,
        /// What was read.
        got: FeedPosition,
    },
    /// The cursor cannot be read.
    #[error(
        "the cursor of partition {partition} cannot be read: {detail}; it may be of a newer version of this service"
    )]
    BadCursor {
        /// Which.
        partition: u16,
        /// Why.
        detail: String,
    },
}
