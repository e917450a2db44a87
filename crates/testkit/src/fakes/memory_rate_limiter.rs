//! Token buckets in memory, by a clock that a test holds.

use super::locked;
use async_trait::async_trait;
use order_core::ports::{Bucket, Clock, Rate, RateDecision, RateLimiter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// One bucket for each caller.
pub struct MemoryRateLimiter {
    rate: Rate,
    clock: Arc<dyn Clock>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl MemoryRateLimiter {
    /// Buckets that fill by the wall clock, so that a test can have it step.
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> MemoryRateLimiter {
        MemoryRateLimiter {
            rate,
            clock,
            buckets: Mutex::new(HashMap::new()),
        }
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, caller: &str, tokens: u32) -> RateDecision {
        let now = u64::try_from(self.clock.now().millis()).unwrap_or(0);
        let mut buckets = locked(&self.buckets);
        buckets
            .entry(caller.to_owned())
            .or_insert_with(|| Bucket::full(self.rate, now))
            .take(self.rate, tokens, now)
    }

    fn rate(&self) -> Rate {
        self.rate
    }
}

impl std::fmt::Debug for MemoryRateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryRateLimiter")
    }
}
