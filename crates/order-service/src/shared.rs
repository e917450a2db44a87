//! What replicas share beside the store: copies of orders and rate limits, in Redis where there is
//! one.

use crate::clock::SystemClock;
use crate::config::{Shared as Config, describe_redis};
use crate::health::Dependency;
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

    /// What health looks at: Redis is named, and never needed.
    pub(crate) fn dependencies(&self, config: &Config) -> Vec<Box<dyn Dependency>> {
        let (Some(redis), Some(config)) = (&self.redis, &config.redis) else {
            return Vec::new();
        };
        vec![Box::new(Watched {
            redis: Arc::clone(redis),
            place: describe_redis(config),
        })]
    }
}

#[derive(Debug)]
struct Watched {
    redis: Arc<Redis>,
    place: String,
}

impl Dependency for Watched {
    fn component(&self) -> Component {
        let (ok, detail) = match self.redis.health() {
            Ok(()) => (true, self.place.clone()),
            Err(failure) => (false, format!("{failure}; reads come from the store")),
        };
        Component {
            name: "redis".to_owned(),
            ok,
            required: false,
            detail,
        }
    }
}
