//! The time of a world: the database's clock, and the clocks of replicas, some of which are wrong.

use crate::plan::START_MILLIS;
use order_core::domain::Timestamp;
use order_core::ports::Clock;
use tokio::time::Instant;

/// A clock that goes with virtual time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VirtualClock {
    start: Instant,
    at_start_millis: i64,
}

impl VirtualClock {
    pub(crate) fn begin(at_start_millis: i64) -> VirtualClock {
        VirtualClock {
            start: Instant::now(),
            at_start_millis,
        }
    }

    /// The same clock, wrong by so much.
    pub(crate) fn wrong_by(self, millis: i64) -> VirtualClock {
        VirtualClock {
            at_start_millis: START_MILLIS + millis,
            ..self
        }
    }

    pub(crate) fn now_millis(&self) -> i64 {
        let elapsed = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.at_start_millis.saturating_add(elapsed)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::default().plus_millis(self.now_millis())
    }

    fn monotonic(&self) -> std::time::Duration {
        self.start.elapsed()
    }
}
