//! Where orders are kept.

use super::{
    Change, Committed, Due, ListQuery, ParkedFact, RecordedEvent, StoredFact, StoredRequest,
};
use crate::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use async_trait::async_trait;
use std::sync::Arc;

/// Keeps orders, their events, and what makes every command and fact count once.
///
/// Contract:
/// - [`commit`](OrderStore::commit) is atomic and durable: after `Done` the change survives any
///   crash; after any other answer, and after an error other than `Unavailable`, nothing of it is
///   stored. After `Unavailable` it may be stored or not: the same request under the same key tells.
/// - Dropping the future of `commit` never undoes or halves it.
/// - Positions of events are dense from 1 within a feed partition, in the order of commits, and
///   those of one change are neighbours.
/// - A read that begins after a `commit` answered sees it (also on another replica).
/// - Of two changes with one idempotency key, one fact id, or one `expected_version`, one is `Done`.
///   When several answers fit, the first of this order is given: `RequestKnown`, `FactKnown`,
///   `OrderKnown`, `ExternalIdTaken`, `VersionConflict`.
/// - What is stored of a key or a fact id names the version of the change's last event.
/// - `Place` under an id that is taken, and `Remember` for an order that is not there, are a
///   `VersionConflict`. The id of a parked fact stays known after it was buried, so it is never
///   applied as well, unless a commit says that it [leaves](super::Leaves) the dead letters.
/// - A known fact that is said to leave the parking or the dead letters, and is not there any more, is
///   `FactKnown`.
/// - There is one time for all replicas, the store's own: what depends on a stored time (deadlines, how
///   long a fact has waited) is decided by it, never by the clock of the process that asks.
#[async_trait]
pub trait OrderStore: Send + Sync {
    /// Writes one change.
    async fn commit(&self, change: Change) -> Result<Committed, StoreError>;

    /// The order as it is now.
    async fn load(&self, order_id: OrderId) -> Result<Option<Arc<Order>>, StoreError>;

    /// The order as it was at `version`.
    async fn load_at(
        &self,
        order_id: OrderId,
        version: u64,
    ) -> Result<Option<Arc<Order>>, StoreError>;

    /// The newest state of the order with this number of the caller's.
    async fn load_external(&self, external_id: &str) -> Result<Option<Arc<Order>>, StoreError>;

    /// What was answered under this idempotency key.
    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError>;

    /// What is known of this fact id, parked ones included.
    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError>;

    /// One page of orders by falling id: [`ListQuery::limit`] at most, fewer only at the end.
    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError>;

    /// An order's events with a version above `after_version`, oldest first, `limit` at most.
    /// Empty for an unknown order.
    async fn history(
        &self,
        order_id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError>;

    /// The store's time.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Orders whose [`open_deadline`](Order::open_deadline) is at or before the store's time, earliest
    /// first, `limit` at most; with that time.
    async fn due(&self, limit: usize) -> Result<Due, StoreError>;

    /// Parked facts whose order is known, with that order, oldest first, `limit` at most.
    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError>;

    /// Those of them that wait for this order; none while it is not stored.
    async fn parked_for(
        &self,
        order_id: OrderId,
        limit: usize,
    ) -> Result<Vec<ParkedFact>, StoreError>;

    /// Moves facts parked before `before` to the dead letters, oldest first, `limit` at most; answers
    /// how many.
    /// Their ids stay known.
    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError>;
}

/// Why the store did not answer. Nothing here is the caller's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refused before it was queued: too much waits already. Nothing is stored; try again.
    #[error(
        "the store is overloaded ({queued} changes wait); try again in {retry_after_millis} ms"
    )]
    Overloaded {
        /// How many changes wait.
        queued: usize,
        /// When to try again.
        retry_after_millis: u64,
    },
    /// The store is away, out of room, or did not answer in time.
    #[error("the store is unavailable: {detail}")]
    Unavailable {
        /// What failed, where, and what to do, for operators.
        detail: String,
    },
    /// What is stored cannot be read: a defect, or a file that was damaged.
    #[error("stored data cannot be read: {detail}")]
    Corrupt {
        /// Which row, and what is wrong with it.
        detail: String,
    },
}
