//! What reads that may be old share: the cache, and one load of the store for all who ask at once.

use crate::domain::{Order, OrderId};
use crate::ports::{OrderCache, StoreError};
use async_lock::Mutex as AsyncMutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// More than keeping a copy takes: whoever was to keep it has gone away by then.
const KEEPING: Duration = Duration::from_secs(1);

/// The cache, who reads which order now, and when somebody last did.
pub(super) struct AgedReads {
    pub(super) cache: Arc<dyn OrderCache>,
    seats: Mutex<HashMap<OrderId, Arc<Seat>>>,
    /// Milliseconds of the monotonic clock, plus one; 0: never.
    asked_millis: AtomicU64,
}

/// What the readers of one order share for as long as one of them is there.
pub(super) type Seat = AsyncMutex<Option<Load>>;

/// A load of the store, for those who came while it was under way or soon after.
#[derive(Clone)]
pub(super) struct Load {
    pub(super) began: Duration,
    pub(super) ended: Duration,
    /// When the cache had it; `None` until then.
    pub(super) kept: Option<Duration>,
    pub(super) found: Result<Option<Arc<Order>>, StoreError>,
}

impl Load {
    /// Whether it answers a reader who came at `asked`, allows `max_age` and found nothing in the cache.
    /// Who came after the cache had it found that it has lost it, and loads it for the others. A failure
    /// answers those who waited for it: a store that is down is not asked a thousand times, one after the
    /// other.
    pub(super) fn answers(&self, asked: Duration, max_age: Duration) -> bool {
        if self.found.is_err() {
            return asked <= self.ended;
        }
        let until = self.kept.unwrap_or(self.ended + KEEPING);
        asked <= until && asked.saturating_sub(self.began) <= max_age
    }
}

impl AgedReads {
    pub(super) fn new(cache: Arc<dyn OrderCache>) -> AgedReads {
        AgedReads {
            cache,
            seats: Mutex::default(),
            asked_millis: AtomicU64::new(0),
        }
    }

    /// Sits down beside those who read the same order now.
    pub(super) fn sit(&self, order_id: OrderId) -> Seated<'_> {
        let seat = Arc::clone(self.seats().entry(order_id).or_default());
        Seated {
            reads: self,
            order_id,
            seat,
        }
    }

    /// Somebody has asked for an aged read at this time.
    pub(super) fn mark(&self, now: Duration) {
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        self.asked_millis.fetch_max(millis, Ordering::Relaxed);
    }

    /// Whether somebody has asked within `within` before `now`.
    pub(super) fn asked_within(&self, within: Duration, now: Duration) -> bool {
        match self.asked_millis.load(Ordering::Relaxed) {
            0 => false,
            millis => now.saturating_sub(Duration::from_millis(millis - 1)) <= within,
        }
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<OrderId, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader among those of its order; the last one to leave takes the seat away.
pub(super) struct Seated<'a> {
    reads: &'a AgedReads,
    pub(super) order_id: OrderId,
    pub(super) seat: Arc<Seat>,
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        let mut seats = self.reads.seats();
        // Seats are shared under this lock alone, so the count stands still: the table's and ours.
        if Arc::strong_count(&self.seat) <= 2 {
            seats.remove(&self.order_id);
        }
    }
}
