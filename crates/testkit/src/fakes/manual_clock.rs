//! A clock that stands still until a test moves it.

use order_core::domain::Timestamp;
use order_core::ports::Clock;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2025-01-01T00:00:00Z: where tests begin unless they say otherwise.
const START_MILLIS: i64 = 1_735_689_600_000;

/// A clock that stands still until it is set or advanced, in either direction.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> ManualClock {
        ManualClock(AtomicI64::new(at.millis()))
    }

    /// Moves to `at`.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }

    /// Moves on by `millis`, or back where they are negative, and answers the new time.
    pub fn advance(&self, millis: i64) -> Timestamp {
        let before = self.0.fetch_add(millis, Ordering::SeqCst);
        timestamp(before.saturating_add(millis))
    }
}

/// 2025-01-01T00:00:00Z.
impl Default for ManualClock {
    fn default() -> Self {
        ManualClock(AtomicI64::new(START_MILLIS))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The nearest time that can be shown.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::default().plus_millis(millis)
}
