//! Turns: changes of one order wait for each other instead of racing in the store.
//!
//! Without them, n changes of one order would be decided n²/2 times. They are a courtesy, not what
//! keeps orders right: that is the version each change expects.

use crate::domain::OrderId;
use async_lock::{Mutex, MutexGuard};

/// More locks than changes are ever under way, so two orders rarely share one.
const LOCKS: usize = 1_024;

/// A fixed number of locks; an order's id chooses its own.
pub(super) struct Turns(Box<[Mutex<()>]>);

impl Turns {
    pub(super) fn new() -> Turns {
        Turns((0..LOCKS).map(|_| Mutex::new(())).collect())
    }

    /// Waits for the turn of a change of this order; dropping the guard ends it.
    pub(super) async fn wait_for(&self, order_id: OrderId) -> MutexGuard<'_, ()> {
        self.0[lock_of(order_id)].lock().await
    }
}

/// Every bit of the id counts, whichever of them its source draws by lot: Fibonacci hashing of both
/// halves (Knuth, The Art of Computer Programming 3, 6.4).
fn lock_of(order_id: OrderId) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = order_id.to_bytes();
    let spread = bytes.chunks_exact(8).fold(0_u64, |spread, half| {
        let half = half.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        (spread.rotate_left(32) ^ half).wrapping_mul(GOLDEN)
    });
    // The highest bits are the best mixed: they are taken as a fraction of all locks.
    let choice = (u128::from(spread) * LOCKS as u128) >> 64;
    usize::try_from(choice).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{LOCKS, lock_of};
    use crate::domain::{OrderId, Timestamp};
    use std::collections::BTreeSet;

    #[test]
    fn orders_that_differ_anywhere_rarely_share_a_lock() {
        let at = |millis: i64| Timestamp::default().plus_millis(1_735_689_600_000 + millis);
        for shift in [0, 12, 22, 40, 52] {
            let by_number = (0..512_u64).map(|n| OrderId::v7(at(0), 0, n << shift));
            let locks: BTreeSet<usize> = by_number.map(lock_of).collect();
            assert!(locks.len() > LOCKS / 4, "{} locks at {shift}", locks.len());
        }
        let by_time: BTreeSet<usize> = (0..512)
            .map(|n| lock_of(OrderId::v7(at(n), 0, 0)))
            .collect();
        assert!(by_time.len() > LOCKS / 4, "{} locks by time", by_time.len());
    }
}
