//! The machine's clock, the only place that reads it.

use order_core::domain::Timestamp;
use order_core::ports::Clock;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where this process's monotonic time begins: with the first question.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// [`Clock`] on the machine's wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock port's real implementation"
        )]
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(millis).unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        START.elapsed()
    }
}
