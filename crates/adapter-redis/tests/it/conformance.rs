//! The suites of the ports, on a real Redis and on one that is away.

mod cache {
    use crate::support::{Bench, config};
    use adapter_redis::Redis;
    use order_core::ports::OrderCache;
    use prometheus_client::registry::Registry;
    use std::net::SocketAddr;
    use std::sync::Arc;

    async fn make() -> (Bench, Arc<dyn OrderCache>) {
        let bench = Bench::start().await;
        let cache = bench.redis.cache();
        (bench, cache)
    }

    async fn make_away() -> (Redis, Arc<dyn OrderCache>) {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let redis = Redis::start(config(nobody), &mut Registry::default());
        let cache = redis.cache();
        (redis, cache)
    }
    testkit::order_cache_suite!(make);
    testkit::order_cache_away_suite!(make_away);
}

mod limiter {
    use crate::support::{Bench, RealClock, config};
    use adapter_redis::Redis;
    use prometheus_client::registry::Registry;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use testkit::fakes::ManualClock;
    use testkit::suites::rate_limiter::{Limiter, RATE};

    /// Of a Redis whose time the test holds.
    async fn make() -> (Bench, Limiter) {
        let mut bench = Bench::start().await;
        let clock = Arc::new(ManualClock::default());
        let time = Some(Arc::clone(&clock) as _);
        let limiter = bench
            .redis
            .limiter_at(RATE, Arc::new(RealClock), time, &mut bench.registry);
        (bench, Limiter { limiter, clock })
    }

    async fn make_away() -> (Redis, Limiter) {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut registry = Registry::default();
        let redis = Redis::start(config(nobody), &mut registry);
        let clock = Arc::new(ManualClock::default());
        let limiter = redis.limiter(RATE, Arc::clone(&clock) as _, &mut registry);
        (redis, Limiter { limiter, clock })
    }
    testkit::rate_limiter_suite!(make);
    testkit::rate_limiter_away_suite!(make_away);
}

/// Without any Redis; its clock is monotonic, so the rule of a clock that steps back is not for it.
mod local {
    use prometheus_client::registry::Registry;
    use std::sync::Arc;
    use testkit::fakes::ManualClock;
    use testkit::suites::rate_limiter::{Limiter, RATE};

    async fn make() -> ((), Limiter) {
        let clock = Arc::new(ManualClock::default());
        let limiter =
            adapter_redis::local_limiter(RATE, Arc::clone(&clock) as _, &mut Registry::default());
        ((), Limiter { limiter, clock })
    }
    testkit::conformance_tests!(
        make,
        rate_limiter,
        [
            a_new_caller_has_a_full_bucket,
            who_asks_for_too_much_takes_nothing,
            a_bucket_gains_its_rate,
            a_bucket_never_overflows,
            a_refusal_names_the_time_to_wait,
            callers_stand_apart,
            as_many_pass_as_there_are_tokens,
            a_limiter_that_is_alone_goes_on,
        ]
    );
}
