//! When the next call is made: when the last was answered (closed loop), or on a schedule that does
//! not wait for answers (open loop).
//!
//! In an open loop the latency counts from the moment at which a call *should* have been made. A
//! service that stalls is then charged for the calls that queued up meanwhile, which a measurement
//! from the actual sending would leave out ("coordinated omission", G. Tene, "How NOT to measure
//! latency").

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How late the runtime's timer may wake somebody who waited for it. That is the driver's lateness,
/// not the service's, so it is not charged.
const TIMER_RESOLUTION: Duration = Duration::from_millis(2);
const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// How long, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Calls of this time are made and not counted.
    pub warm_up: Duration,
    /// For how long calls are counted.
    pub duration: Duration,
    /// Calls a second, which makes it an open loop; `None`: as fast as they are answered.
    pub rate_per_second: Option<u32>,
    /// So many calls at most, those of the warm-up too; `None`: as many as the time allows.
    pub limit: Option<u64>,
}

/// A turn to make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From 0; no two callers have the same.
    pub number: u64,
    /// The moment from which its latency counts.
    pub counted_from: Instant,
}

/// A schedule that all callers share.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    schedule: Schedule,
    next: AtomicU64,
}

impl Pace {
    /// From now on.
    pub fn starting_now(schedule: Schedule) -> Self {
        Self {
            start: Instant::now(),
            schedule,
            next: AtomicU64::new(0),
        }
    }

    /// Waits for the next turn; `None` when there is none left.
    pub async fn turn(&self) -> Option<Turn> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.schedule.limit.is_some_and(|limit| number >= limit) {
            return None;
        }
        let now = Instant::now();
        let Some(rate) = self.schedule.rate_per_second else {
            return (now < self.end()).then_some(Turn {
                number,
                counted_from: now,
            });
        };
        let intended = self.start + offset(number, rate);
        if intended >= self.end() {
            return None;
        }
        let mut counted_from = intended;
        if intended > now {
            tokio::time::sleep_until(intended.into()).await;
            let woken = Instant::now();
            if woken - intended <= TIMER_RESOLUTION {
                counted_from = woken;
            }
        }
        Some(Turn {
            number,
            counted_from,
        })
    }

    /// When the warm-up is over; what began before is not counted.
    pub fn counted_since(&self) -> Instant {
        self.start + self.schedule.warm_up
    }

    /// When nothing is begun any more.
    pub fn end(&self) -> Instant {
        self.counted_since() + self.schedule.duration
    }
}

fn offset(number: u64, rate_per_second: u32) -> Duration {
    let rate = u64::from(rate_per_second);
    let rest = Duration::from_nanos(number % rate * NANOSECONDS_PER_SECOND / rate);
    Duration::from_secs(number / rate) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(milliseconds: u64, rate_per_second: Option<u32>) -> Schedule {
        Schedule {
            warm_up: Duration::ZERO,
            duration: Duration::from_millis(milliseconds),
            rate_per_second,
            limit: None,
        }
    }

    #[test]
    fn a_rate_is_kept_without_drift() {
        assert_eq!(offset(0, 3), Duration::ZERO);
        assert_eq!(offset(3001, 3), Duration::from_nanos(1_000_333_333_333));
        let far = u64::from(u32::MAX);
        assert_eq!(offset(far, 1), Duration::from_secs(far));
    }

    #[tokio::test]
    async fn a_closed_loop_counts_from_now_and_ends() {
        let pace = Pace::starting_now(schedule(60_000, None));
        assert_eq!(pace.turn().await.unwrap().number, 0);
        assert_eq!(pace.turn().await.unwrap().number, 1);
        let over = Pace::starting_now(schedule(0, None));
        assert_eq!(over.turn().await, None);
    }

    #[tokio::test]
    async fn a_limit_ends_it_before_the_time() {
        let limited = Schedule {
            limit: Some(2),
            ..schedule(60_000, None)
        };
        let pace = Pace::starting_now(limited);
        assert!(pace.turn().await.is_some() && pace.turn().await.is_some());
        assert_eq!(pace.turn().await, None);
    }

    #[tokio::test]
    async fn the_warm_up_comes_before_the_time_that_counts() {
        let warmed_up = Schedule {
            warm_up: Duration::from_secs(3),
            ..schedule(10_000, Some(10))
        };
        let pace = Pace::starting_now(warmed_up);
        assert!(pace.turn().await.unwrap().counted_from < pace.counted_since());
        assert_eq!(pace.end() - pace.start, Duration::from_secs(13));
        assert_eq!(pace.counted_since() - pace.start, Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_missed_turn_counts_from_when_it_was_due() {
        let mut pace = Pace::starting_now(schedule(60_000, Some(10)));
        // As if a stall had lasted for half a second: turns 0 to 4 are overdue.
        pace.start = pace.start.checked_sub(Duration::from_millis(450)).unwrap();
        for number in 0..5 {
            let turn = pace.turn().await.unwrap();
            let due = pace.start + Duration::from_millis(100 * number);
            assert_eq!(turn.counted_from, due);
        }
        let waited_for = pace.turn().await.unwrap().counted_from;
        assert!(waited_for >= pace.start + Duration::from_millis(500));
    }

    #[tokio::test]
    async fn an_open_loop_has_as_many_turns_as_its_rate_and_time() {
        let mut pace = Pace::starting_now(schedule(1000, Some(100)));
        pace.start = pace.start.checked_sub(Duration::from_secs(1)).unwrap();
        let mut turns = 0;
        while pace.turn().await.is_some() {
            turns += 1;
        }
        assert_eq!(turns, 100);
    }
}
