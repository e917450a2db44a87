//! The machine's clock, for fakes whose time is to pass by itself.

use order_core::domain::Timestamp;
use order_core::ports::Clock;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "a store's own time passes by itself, as that of a database does"
        )]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap();
        Timestamp::default().plus_millis(millis)
    }

    fn monotonic(&self) -> Duration {
        START.elapsed()
    }
}
