//! What replicas share beside the store: copies of orders and rate limits, in Redis where there is
//! one.

use crate::clock::SystemClock;
use crate::config::{Shared as Config, describe_redis};
use crate::health::Part;
use adapter_redis::Redis;
use order_core::app::Orders;
use order_core::ports::{Component, RateLimiter};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a start waits for Redis, so that it has it from the first request on. Without it the start
/// goes on.
const START_WAIT: Duration = Duration::from_millis(250);

/// What is shared.
pub(crate) struct Shared {
    redis: Option<Arc<Redis>>,
    /// `None`: callers call as often as they like.
    pub(crate) limiter: Option<Arc<dyn RateLimiter>>,
}

impl Shared {
    /// Begins to connect, if there is a Redis to connect to.
    pub(crate) async fn open(config: &Config, registry: &mut Registry) -> Shared {
        let clock = Arc::new(SystemClock);
        let Some(redis) = &config.redis else {
            let limit = |rate| adapter_redis::local_limiter(rate, clock, registry);
            return Shared {
                redis: None,
                limiter: config.rate.map(limit),
            };
        };
        let redis = Redis::start(redis.clone(), registry);
        let _ = timeout(START_WAIT, redis.connected()).await;
        let limiter = config.rate.map(|rate| redis.limiter(rate, clock, registry));
        Shared {
            redis: Some(Arc::new(redis)),
            limiter,
        }
    }

    /// The application, which answers from the shared copies where there are any.
    pub(crate) fn beside(&self, orders: Orders) -> Orders {
        match &self.redis {
            Some(redis) => orders.with_cache(redis.cache()),
            None => orders,
        }
    }

    /// What health tells of it: Redis is named, and never needed. Nothing where there is none.
    pub(crate) fn health(&self, config: &Config) -> Option<Part> {
        let redis = Arc::clone(self.redis.as_ref()?);
        let place = describe_redis(config.redis.as_ref()?);
        Some(Box::new(move || {
            let (ok, detail) = match redis.health() {
                Ok(()) => (true, place.clone()),
                Err(failure) => (false, format!("{failure}; reads come from the store")),
            };
            Component {
                name: "redis".to_owned(),
                ok,
                required: false,
                detail,
            }
        }))
    }
}
