//! A clock that stands still until a test moves it.

use order_core::domain::Timestamp;
use order_core::ports::Clock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// 2025-01-01T00:00:00Z: where tests begin unless they say otherwise.
const START_MILLIS: i64 = 1_735_689_600_000;

/// A clock that stands still until it is set or advanced, in either direction.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    monotonic: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> ManualClock {
        ManualClock {
            now: AtomicI64::new(at.millis()),
            monotonic: AtomicU64::new(0),
        }
    }

    /// Steps to `at`; the monotonic time stays.
    pub fn set(&self, at: Timestamp) {
        self.now.store(at.millis(), Ordering::SeqCst);
    }

    /// Moves on by `millis`, the monotonic time too; or steps back where they are negative, which the
    /// monotonic time does not. Answers the new time.
    pub fn advance(&self, millis: i64) -> Timestamp {
        let forward = u64::try_from(millis).unwrap_or(0);
        self.monotonic.fetch_add(forward, Ordering::SeqCst);
        let before = self.now.fetch_add(millis, Ordering::SeqCst);
        timestamp(before.saturating_add(millis))
    }
}

/// 2025-01-01T00:00:00Z.
impl Default for ManualClock {
    fn default() -> Self {
        ManualClock::at(timestamp(START_MILLIS))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        timestamp(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic.load(Ordering::SeqCst))
    }
}

/// The nearest time that can be shown.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::default().plus_millis(millis)
}
