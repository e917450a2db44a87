//! Buckets in Redis, shared by all replicas; while it is away, those of this process.
//!
//! Then each replica gives out the whole rate, and each bucket begins as full as this process last
//! left it: callers get more than their rate for as long, never an error and never without limit.

use crate::link::Link;
use crate::local_limiter::LocalRateLimiter;
use crate::metrics::Decisions;
use async_trait::async_trait;
use order_core::ports::{Clock, Rate, RateDecision, RateLimiter};
use redis::Script;
use std::sync::Arc;

/// [`RateLimiter`] in Redis.
pub(crate) struct RedisRateLimiter {
    link: Arc<Link>,
    rate: Rate,
    local: LocalRateLimiter,
    take: Script,
    metrics: Decisions,
    /// Whose wall time the script takes in place of Redis's, in tests.
    time: Option<Arc<dyn Clock>>,
}

impl RedisRateLimiter {
    pub(crate) fn new(
        link: Arc<Link>,
        local: LocalRateLimiter,
        metrics: Decisions,
        time: Option<Arc<dyn Clock>>,
    ) -> RedisRateLimiter {
        RedisRateLimiter {
            link,
            rate: local.rate(),
            local,
            take: Script::new(include_str!("scripts/take.lua")),
            metrics,
            time,
        }
    }

    async fn take_shared(&self, caller: &str, tokens: u32) -> Option<RateDecision> {
        let rate = self.rate;
        let mut call = self.take.prepare_invoke();
        call.key(format!("{}:limit:{caller}", self.link.config.prefix))
            .arg(tokens)
            .arg(rate.period_millis)
            .arg(rate.tokens)
            .arg(rate.full_units());
        if let Some(time) = &self.time {
            call.arg(time.now().millis());
        }
        let (allowed, units): (bool, u64) = self
            .link
            .call(|mut connection, _| async move { call.invoke_async(&mut connection).await })
            .await?;
        let wanted = u64::from(tokens) * u64::from(rate.period_millis);
        let missing = if allowed {
            0
        } else {
            wanted.saturating_sub(units)
        };
        let remaining = units / u64::from(rate.period_millis.max(1));
        Some(RateDecision {
            allowed,
            burst: rate.burst,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            retry_after_millis: rate.millis_for(missing),
            full_after_millis: rate.millis_for(rate.full_units().saturating_sub(units)),
        })
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, caller: &str, tokens: u32) -> RateDecision {
        match self.take_shared(caller, tokens).await {
            Some(decision) => {
                self.metrics.count(decision.allowed);
                decision
            }
            None => self.local.take_now(caller, tokens),
        }
    }

    fn rate(&self) -> Rate {
        self.rate
    }
}
