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
        // The last bytes of a version 7 id are its random part.
        let bytes = order_id.to_bytes();
        let choice = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
        self.0[choice % LOCKS].lock().await
    }
}
