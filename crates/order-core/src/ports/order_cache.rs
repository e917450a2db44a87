//! Orders that may be a little old, for callers that allow it.

use crate::domain::{Order, OrderId, Timestamp};
use async_trait::async_trait;
use std::sync::Arc;

/// Keeps copies of orders beside the store.
///
/// Contract:
/// - An entry never goes back to an older version: [`put`](OrderCache::put) of a lower version
///   than is kept changes nothing, however late it comes; of the same version, it renews `as_of`.
/// - A cache that is away answers `None` and forgets puts; it never fails a caller, and never
///   makes one wait for more than 50 ms.
/// - Entries may vanish at any time.
#[async_trait]
pub trait OrderCache: Send + Sync {
    /// The copy of this order, if there is one.
    async fn get(&self, order_id: OrderId) -> Option<CachedOrder>;

    /// Keeps `order`, which was the newest version at `as_of`.
    async fn put(&self, order: Arc<Order>, as_of: Timestamp);
}

/// A copy of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedOrder {
    /// The copy.
    pub order: Arc<Order>,
    /// When it was last known to be the newest version.
    pub as_of: Timestamp,
}
