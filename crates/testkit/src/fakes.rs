//! One in-memory fake for each port, held to the same conformance suites as the real adapters, so
//! that a test on a fake proves something about the service.

mod machine_clock;
mod manual_clock;
mod memory_broker;
mod memory_cache;
mod memory_feed;
mod memory_leases;
mod memory_rate_limiter;
mod memory_repair;
mod memory_store;
mod sequential_ids;
mod static_callers;
mod static_health;
mod store_state;

pub use machine_clock::MachineClock;
pub use manual_clock::ManualClock;
pub use memory_broker::{MemoryBroker, MemoryPublisher};
pub use memory_cache::MemoryCache;
pub use memory_rate_limiter::MemoryRateLimiter;
pub use memory_store::MemoryStore;
pub use sequential_ids::SequentialIds;
pub use static_callers::StaticCallers;
pub use static_health::StaticHealth;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The state behind a fake, even if a test panicked while it held it: the panic is what is to be
/// seen, not the poison.
fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
