//! Buckets in this process: where no Redis is configured, and while it is away.

use crate::metrics::Decisions;
use async_trait::async_trait;
use order_core::ports::{Bucket, Clock, Rate, RateDecision, RateLimiter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// [`RateLimiter`] of one process, by its monotonic time.
pub(crate) struct LocalRateLimiter {
    rate: Rate,
    clock: Arc<dyn Clock>,
    generation_callers: usize,
    buckets: Mutex<Buckets>,
    metrics: Decisions,
}

/// Two generations: when the young one is full, the old one goes. A caller of whom nothing was heard
/// for so long has a full bucket again, sooner than it would have filled only where more callers come
/// than are kept.
#[derive(Default)]
struct Buckets {
    young: HashMap<String, Bucket>,
    old: HashMap<String, Bucket>,
}

impl LocalRateLimiter {
    pub(crate) fn new(
        rate: Rate,
        clock: Arc<dyn Clock>,
        max_callers: usize,
        metrics: Decisions,
    ) -> LocalRateLimiter {
        LocalRateLimiter {
            rate,
            clock,
            generation_callers: (max_callers / 2).max(1),
            buckets: Mutex::default(),
            metrics,
        }
    }

    /// Takes from the caller's bucket; waits for nothing.
    pub(crate) fn take_now(&self, caller: &str, tokens: u32) -> RateDecision {
        let now = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let decision = if let Some(bucket) = buckets.young.get_mut(caller) {
            bucket.take(self.rate, tokens, now)
        } else {
            let old = buckets.old.remove(caller);
            let mut bucket = old.unwrap_or_else(|| Bucket::full(self.rate, now));
            let decision = bucket.take(self.rate, tokens, now);
            if buckets.young.len() >= self.generation_callers {
                buckets.old = std::mem::take(&mut buckets.young);
            }
            buckets.young.insert(caller.to_owned(), bucket);
            decision
        };
        self.metrics.count(decision.allowed);
        decision
    }
}

#[async_trait]
impl RateLimiter for LocalRateLimiter {
    async fn take(&self, caller: &str, tokens: u32) -> RateDecision {
        self.take_now(caller, tokens)
    }

    fn rate(&self) -> Rate {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::LimitMetrics;
    use prometheus_client::registry::Registry;
    use testkit::fakes::ManualClock;

    const RATE: Rate = Rate {
        tokens: 1,
        period_millis: 1_000,
        burst: 1,
    };

    #[test]
    fn the_number_of_callers_is_bounded_and_the_busy_ones_stay() {
        let metrics = LimitMetrics::new(&mut Registry::default()).local;
        let limiter = LocalRateLimiter::new(RATE, Arc::new(ManualClock::default()), 100, metrics);
        assert!(limiter.take_now("busy", 1).allowed);
        for n in 0..10_000 {
            assert!(limiter.take_now(&format!("caller {n}"), 1).allowed);
            assert!(!limiter.take_now("busy", 1).allowed, "after {n} others");
            let buckets = limiter.buckets.lock().unwrap();
            assert!(buckets.young.len() + buckets.old.len() <= 100);
        }
    }
}
