//! Orders that may be a little old, for callers that allow it.

use crate::domain::{Order, OrderId};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Keeps copies of orders beside the store.
///
/// A copy's **age** is the time since the read of the store began that found it to be the newest
/// version. So a copy of age `a` shows every change that was acknowledged more than `a` ago, by
/// whatever replica: that is what a caller allows who says how old an answer may be. The cache keeps
/// all ages by one clock of its own; clocks of replicas have no part in them.
///
/// Contract:
/// - [`get`](OrderCache::get) never tells an age below the true one; by how much it tells too much
///   is bounded by the duration of its calls.
/// - An entry never goes back to an older version: [`put`](OrderCache::put) of a lower version
///   than is kept changes nothing, however late it comes. A put of the same version makes the entry
///   younger, never older.
/// - A cache that is away answers `None` and forgets puts; it never fails a caller, and never
///   makes one wait for more than 50 ms.
/// - Entries may vanish at any time.
#[async_trait]
pub trait OrderCache: Send + Sync {
    /// The copy of this order, if there is one.
    async fn get(&self, order_id: OrderId) -> Option<CachedOrder>;

    /// Keeps `order`, the newest version that a read of the store found which began `read_ago` before
    /// this call.
    async fn put(&self, order: Arc<Order>, read_ago: Duration);

    /// Puts those of `orders` whose entry exists; never makes an entry. `read_ago` as for
    /// [`put`](OrderCache::put); `None` where newer versions may have been there already: the entry
    /// then has the newer version, and grows no younger.
    async fn refresh(&self, orders: &[Arc<Order>], read_ago: Option<Duration>);
}

/// A copy of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedOrder {
    /// The copy.
    pub order: Arc<Order>,
    /// Its age as the call answered.
    pub age: Duration,
}
