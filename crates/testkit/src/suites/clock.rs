//! The rules of [`Clock`].

#![expect(clippy::unused_async, reason = "rules of all ports have one shape")]

use order_core::domain::Timestamp;
use order_core::ports::Clock;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The clock under test.
pub type AnyClock = Arc<dyn Clock>;

/// 2024-01-01T00:00:00Z and 2100-01-01T00:00:00Z: seconds or microseconds taken for milliseconds
/// lie far outside.
const PLAUSIBLE_MILLIS: std::ops::Range<i64> = 1_704_067_200_000..4_102_444_800_000;
/// Calls that are measured together.
const CALLS: u32 = 100_000;
/// All of them, on the slowest machine: a clock that waits for anything takes longer.
const CALLS_SECONDS: u64 = 10;

/// The time is one of our age, in milliseconds.
pub async fn the_time_is_in_milliseconds(clock: AnyClock) {
    let now = clock.now();
    assert!(PLAUSIBLE_MILLIS.contains(&now.millis()), "{now:?}");
    assert!((Timestamp::MIN..=Timestamp::MAX).contains(&now));
}

/// Asking never blocks, from however many threads.
pub async fn asking_never_blocks(clock: AnyClock) {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let clock = Arc::clone(&clock);
        tasks.push(tokio::spawn(async move {
            (0..CALLS).map(|_| (clock.now(), clock.monotonic())).max()
        }));
    }
    for task in tasks {
        assert!(task.await.unwrap().is_some());
    }
    assert!(
        started.elapsed() < Duration::from_secs(CALLS_SECONDS),
        "{:?}",
        started.elapsed()
    );
}

/// Monotonic time never steps back, and runs no faster than time does.
pub async fn monotonic_time_goes_on(clock: AnyClock) {
    let started = Instant::now();
    let first = clock.monotonic();
    let mut last = first;
    for _ in 0..CALLS {
        let now = clock.monotonic();
        assert!(now >= last, "{now:?} after {last:?}");
        last = now;
    }
    let ran = last.saturating_sub(first);
    assert!(ran <= started.elapsed(), "{ran:?}");
}
