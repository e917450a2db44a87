//! A cache in memory, which can be sent away.

use super::locked;
use async_trait::async_trait;
use order_core::domain::{Order, OrderId, Timestamp};
use order_core::ports::{CachedOrder, OrderCache};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Keeps everything until it is told to forget.
#[derive(Debug, Default)]
pub struct MemoryCache {
    entries: Mutex<HashMap<OrderId, CachedOrder>>,
    away: AtomicBool,
}

impl MemoryCache {
    /// An empty cache.
    pub fn new() -> MemoryCache {
        MemoryCache::default()
    }

    /// Makes it answer nothing and keep nothing, or be there again with what it had before.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Drops every entry, as a cache that was restarted or is full.
    pub fn clear(&self) {
        locked(&self.entries).clear();
    }
}

#[async_trait]
impl OrderCache for MemoryCache {
    async fn get(&self, order_id: OrderId) -> Option<CachedOrder> {
        if self.away.load(Ordering::SeqCst) {
            return None;
        }
        locked(&self.entries).get(&order_id).cloned()
    }

    async fn put(&self, order: Arc<Order>, as_of: Timestamp) {
        if self.away.load(Ordering::SeqCst) {
            return;
        }
        let mut entries = locked(&self.entries);
        let kept = entries
            .get(&order.order_id)
            .map(|entry| (entry.order.version, entry.as_of));
        // A late put of the same version was the newest at the later of both times.
        let as_of = match kept {
            Some((version, _)) if version > order.version => return,
            Some((version, known)) if version == order.version => known.max(as_of),
            _ => as_of,
        };
        entries.insert(order.order_id, CachedOrder { order, as_of });
    }
}
