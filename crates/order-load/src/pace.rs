//! When the next order is sent: when the last was answered (closed loop), or on a schedule that does
//! not wait for answers (open loop).
//!
//! In an open loop the latency counts from the moment at which an order *should* have been sent. A
//! service that stalls is then charged for the orders that queued up meanwhile, which a measurement
//! from the actual sending would leave out ("coordinated omission", G. Tene, "How NOT to measure
//! latency").

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How late the runtime's timer may wake somebody who waited for it. That is the driver's lateness,
/// not the service's, so it is not charged.
const TIMER_RESOLUTION: Duration = Duration::from_millis(2);
const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// A schedule that all connections share.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    end: Instant,
    rate_per_second: Option<u32>,
    next: AtomicU32,
}

impl Pace {
    /// From now on for `duration`; `rate_per_second` makes it an open loop.
    pub fn starting_now(duration: Duration, rate_per_second: Option<u32>) -> Self {
        let start = Instant::now();
        Self {
            start,
            end: start + duration,
            rate_per_second,
            next: AtomicU32::new(0),
        }
    }

    /// Waits for the next turn and returns the moment from which its latency counts; `None` when the
    /// time is over.
    pub async fn turn(&self) -> Option<Instant> {
        let Some(rate) = self.rate_per_second else {
            let now = Instant::now();
            return (now < self.end).then_some(now);
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let intended = self.start + offset(number, rate);
        if intended >= self.end {
            return None;
        }
        if intended <= Instant::now() {
            return Some(intended);
        }
        tokio::time::sleep_until(intended.into()).await;
        let now = Instant::now();
        Some(if now - intended <= TIMER_RESOLUTION {
            now
        } else {
            intended
        })
    }

    /// When the schedule began.
    pub const fn start(&self) -> Instant {
        self.start
    }
}

fn offset(number: u32, rate_per_second: u32) -> Duration {
    Duration::from_nanos(u64::from(number) * NANOSECONDS_PER_SECOND / u64::from(rate_per_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_without_drift() {
        assert_eq!(offset(0, 3), Duration::ZERO);
        assert_eq!(offset(3000, 3), Duration::from_secs(1000));
        assert_eq!(
            offset(u32::MAX, 1),
            Duration::from_secs(u64::from(u32::MAX))
        );
    }

    #[tokio::test]
    async fn a_closed_loop_counts_from_now_and_ends() {
        let pace = Pace::starting_now(Duration::from_mins(1), None);
        assert!(pace.turn().await.is_some());
        let over = Pace::starting_now(Duration::ZERO, None);
        assert!(over.turn().await.is_none());
    }

    #[tokio::test]
    async fn a_missed_turn_counts_from_when_it_was_due() {
        let mut pace = Pace::starting_now(Duration::from_mins(1), Some(10));
        // As if a stall had lasted for half a second: turns 0 to 4 are overdue.
        pace.start = pace.start.checked_sub(Duration::from_millis(450)).unwrap();
        for number in 0..5 {
            let counted_from = pace.turn().await.unwrap();
            assert_eq!(
                counted_from,
                pace.start + Duration::from_millis(100 * number)
            );
        }
        let waited_for = pace.turn().await.unwrap();
        assert!(waited_for >= pace.start + Duration::from_millis(500));
    }

    #[tokio::test]
    async fn an_open_loop_has_as_many_turns_as_its_rate_and_time() {
        let mut pace = Pace::starting_now(Duration::ZERO, Some(100));
        pace.start = pace.end.checked_sub(Duration::from_secs(1)).unwrap();
        let mut turns = 0;
        while pace.turn().await.is_some() {
            turns += 1;
        }
        assert_eq!(turns, 100);
    }
}
