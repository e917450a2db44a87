//! How many orders there are in each state.

use super::{Count, RepairCounts, StoreError};
use crate::domain::{State, Timestamp};
use async_trait::async_trait;

/// Counts orders, within bounds.
///
/// Contract: each number is counted along an index, up to
/// [`MAX_COUNTED_ORDERS`](crate::domain::limits::MAX_COUNTED_ORDERS), so that a count costs the same
/// however many orders there are. The numbers are of about the same time, not of the same instant.
#[async_trait]
pub trait Tally: Send + Sync {
    /// Every state with how many orders are in it, in the order of [`State::ALL`].
    async fn orders_by_state(&self) -> Result<Vec<(State, Count)>, StoreError>;

    /// Orders with a hold, whoever put it there.
    async fn held_orders(&self) -> Result<Count, StoreError>;
}

/// Everything that is counted now and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Every state with how many orders are in it.
    pub orders_by_state: Vec<(State, Count)>,
    /// Orders with a hold.
    pub held_orders: Count,
    /// Dead letters and parked facts.
    pub repair: RepairCounts,
    /// When, by the store's clock.
    pub counted_at: Timestamp,
}
