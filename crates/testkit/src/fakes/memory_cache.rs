//! A cache in memory, which can be sent away, and counts what it was asked.

use super::locked;
use async_trait::async_trait;
use order_core::domain::{Order, OrderId};
use order_core::ports::{CachedOrder, Clock, OrderCache};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What is older has no age any more.
const BEFORE_ALL: Duration = Duration::from_hours(24);

/// Keeps everything until it is told to forget.
#[derive(Default)]
pub struct MemoryCache {
    entries: Mutex<HashMap<OrderId, Entry>>,
    away: AtomicBool,
    gets: AtomicUsize,
    puts: AtomicUsize,
    time: Time,
}

struct Entry {
    order: Arc<Order>,
    /// Since when the version is known to be the newest; `None`: not known.
    as_of: Option<Duration>,
}

/// The one clock by which ages are kept.
enum Time {
    Real(Instant),
    Of(Arc<dyn Clock>),
}

impl Default for Time {
    fn default() -> Time {
        Time::Real(Instant::now())
    }
}

impl Time {
    fn now(&self) -> Duration {
        BEFORE_ALL
            + match self {
                Time::Real(start) => start.elapsed(),
                Time::Of(clock) => clock.monotonic(),
            }
    }
}

impl MemoryCache {
    /// An empty cache by the machine's time.
    pub fn new() -> MemoryCache {
        MemoryCache::default()
    }

    /// An empty cache by this clock's monotonic time.
    pub fn by(clock: Arc<dyn Clock>) -> MemoryCache {
        MemoryCache {
            time: Time::Of(clock),
            ..MemoryCache::default()
        }
    }

    /// Makes it answer nothing and keep nothing, or be there again with what it had before.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Drops every entry, as a cache that was restarted or is full.
    pub fn clear(&self) {
        locked(&self.entries).clear();
    }

    /// How often it was asked for an entry, and how often one was put.
    pub fn calls(&self) -> (usize, usize) {
        let (gets, puts) = (&self.gets, &self.puts);
        (gets.load(Ordering::SeqCst), puts.load(Ordering::SeqCst))
    }

    fn keep(&self, order: &Arc<Order>, read_ago: Option<Duration>, only_renew: bool) {
        let now = self.time.now();
        let as_of = read_ago.and_then(|ago| now.checked_sub(ago));
        let mut entries = locked(&self.entries);
        let kept = entries.get(&order.order_id);
        let as_of = match kept {
            None if only_renew => return,
            Some(kept) if kept.order.version > order.version => return,
            // A version that is not older was the newest at the later of both times.
            Some(kept) => kept.as_of.max(as_of),
            None => as_of,
        };
        let order = Arc::clone(order);
        entries.insert(order.order_id, Entry { order, as_of });
    }
}

#[async_trait]
impl OrderCache for MemoryCache {
    async fn get(&self, order_id: OrderId) -> Option<CachedOrder> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return None;
        }
        let entries = locked(&self.entries);
        let entry = entries.get(&order_id)?;
        let age = self.time.now().checked_sub(entry.as_of?)?;
        Some(CachedOrder {
            order: Arc::clone(&entry.order),
            age,
        })
    }

    async fn put(&self, order: Arc<Order>, read_ago: Duration) {
        self.puts.fetch_add(1, Ordering::SeqCst);
        if !self.away.load(Ordering::SeqCst) {
            self.keep(&order, Some(read_ago), false);
        }
    }

    async fn refresh(&self, orders: &[Arc<Order>], read_ago: Option<Duration>) {
        if !self.away.load(Ordering::SeqCst) {
            for order in orders {
                self.keep(order, read_ago, true);
            }
        }
    }
}

impl std::fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryCache")
    }
}
