//! A token bucket in memory. Integers only: a bucket counts thousandths of tokens, of which `rate`
//! come with every millisecond, so nothing is ever rounded.

use super::locked;
use async_trait::async_trait;
use order_core::domain::Timestamp;
use order_core::ports::{RateDecision, RateLimiter};
use std::collections::HashMap;
use std::sync::Mutex;

/// One bucket for each caller.
#[derive(Debug)]
pub struct MemoryRateLimiter {
    rate: u32,
    burst: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    thousandths: u64,
    filled_at: Timestamp,
}

impl MemoryRateLimiter {
    /// Buckets that hold at most `burst` tokens and gain `rate` a second.
    pub fn new(rate: u32, burst: u32) -> MemoryRateLimiter {
        MemoryRateLimiter {
            rate,
            burst,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// The bucket after the time until `now`. A clock that stepped back gives nothing, and what it
    /// gains until it is where it was is not given twice.
    fn fill(&self, bucket: &mut Bucket, now: Timestamp) {
        let millis =
            u64::try_from(now.millis().saturating_sub(bucket.filled_at.millis())).unwrap_or(0);
        let gained = millis.saturating_mul(u64::from(self.rate));
        bucket.thousandths = bucket.thousandths.saturating_add(gained).min(self.full());
        bucket.filled_at = bucket.filled_at.max(now);
    }

    fn full(&self) -> u64 {
        u64::from(self.burst) * 1_000
    }

    /// Milliseconds until `missing` thousandths are there.
    fn wait_millis(&self, missing: u64) -> u64 {
        match self.rate {
            0 => u64::MAX,
            rate => missing.div_ceil(u64::from(rate)),
        }
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, caller: &str, tokens: u32, now: Timestamp) -> RateDecision {
        let mut buckets = locked(&self.buckets);
        let full = Bucket {
            thousandths: self.full(),
            filled_at: now,
        };
        let bucket = buckets.entry(caller.to_owned()).or_insert(full);
        self.fill(bucket, now);
        let wanted = u64::from(tokens) * 1_000;
        let missing = wanted.saturating_sub(bucket.thousandths);
        let allowed = missing == 0;
        if allowed {
            bucket.thousandths -= wanted;
        }
        RateDecision {
            allowed,
            burst: self.burst,
            remaining: u32::try_from(bucket.thousandths / 1_000).unwrap_or(u32::MAX),
            retry_after_millis: if allowed {
                0
            } else {
                self.wait_millis(missing)
            },
        }
    }
}
