//! Redis on the storage plane: aged copies of orders and the rate limits of all replicas.
//!
//! Redis is never needed: while it is away every call answers at once that it is (`link.rs`), reads
//! come from the store and limits are kept by this process. Ages and buckets are kept by Redis's own
//! clock, so that no replica's clock has a part in them (`server_time.rs`, `scripts/`). What never
//! enters: rules of the domain, SQL, HTTP.

mod cache;
mod config;
mod error;
mod limiter;
mod link;
mod local_limiter;
mod lookup;
mod metrics;
mod server_time;

pub use config::{Config, DEFAULT_PORT, Secret};
pub use error::UnusableUrl;

use cache::RedisCache;
use group_commit::GroupCommit;
use limiter::RedisRateLimiter;
use link::Link;
use local_limiter::LocalRateLimiter;
use lookup::Lookup;
use metrics::{CacheMetrics, LimitMetrics, LinkMetrics};
use order_core::ports::{Clock, OrderCache, Rate, RateLimiter};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Redis, used by whoever asks for a part of it. Dropping it ends the connection; the parts then say
/// that it is away.
pub struct Redis {
    link: Arc<Link>,
    keeper: JoinHandle<()>,
    cache_metrics: CacheMetrics,
}

impl Redis {
    /// Begins to connect, and goes on for as long as it lives: a Redis that is away is no error. Must
    /// be called inside a Tokio runtime.
    pub fn start(config: Config, registry: &mut Registry) -> Redis {
        let link = Arc::new(Link::new(config, LinkMetrics::new(registry)));
        let keeper = tokio::spawn(Arc::clone(&link).keep());
        Redis {
            link,
            keeper,
            cache_metrics: CacheMetrics::new(registry),
        }
    }

    /// Copies of orders for all replicas.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn cache(&self) -> Arc<dyn OrderCache> {
        let (link, metrics) = (Arc::clone(&self.link), self.cache_metrics.clone());
        let lookup = Lookup::new(Arc::clone(&link), metrics.clone());
        let lookups = GroupCommit::start(lookup::BOUNDS, [lookup]);
        #[expect(
            clippy::expect_used,
            reason = "the bounds are constants, and a runtime is asked for"
        )]
        let lookups = lookups.expect("copies can be asked for");
        Arc::new(RedisCache::new(link, metrics, lookups))
    }

    /// Buckets for all replicas; while Redis is away, of this process by `clock`'s monotonic time.
    pub fn limiter(
        &self,
        rate: Rate,
        clock: Arc<dyn Clock>,
        registry: &mut Registry,
    ) -> Arc<dyn RateLimiter> {
        self.limiter_at(rate, clock, None, registry)
    }

    /// The same; where `time` is given, buckets are kept by its wall time in place of Redis's, so that
    /// a test can be exact.
    #[doc(hidden)]
    pub fn limiter_at(
        &self,
        rate: Rate,
        clock: Arc<dyn Clock>,
        time: Option<Arc<dyn Clock>>,
        registry: &mut Registry,
    ) -> Arc<dyn RateLimiter> {
        let metrics = LimitMetrics::new(registry);
        let max_callers = self.link.config.max_local_callers;
        let local = LocalRateLimiter::new(rate, clock, max_callers, metrics.local);
        let link = Arc::clone(&self.link);
        Arc::new(RedisRateLimiter::new(link, local, metrics.shared, time))
    }

    /// Whether it is there; else why not, for people.
    pub fn health(&self) -> Result<(), String> {
        self.link.health()
    }

    /// Returns when it is there.
    pub async fn connected(&self) {
        self.link.connected().await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis")
            .field("config", &self.link.config)
            .finish_non_exhaustive()
    }
}

/// Callers whose buckets a process keeps that has no Redis, at most.
const MAX_LOCAL_CALLERS: usize = 100_000;

/// Buckets of this process alone, by `clock`'s monotonic time: where there is no Redis.
pub fn local_limiter(
    rate: Rate,
    clock: Arc<dyn Clock>,
    registry: &mut Registry,
) -> Arc<dyn RateLimiter> {
    let metrics = LimitMetrics::new(registry).local;
    Arc::new(LocalRateLimiter::new(
        rate,
        clock,
        MAX_LOCAL_CALLERS,
        metrics,
    ))
}
