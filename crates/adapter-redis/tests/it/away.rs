//! A Redis that goes away in every way: nobody waits for it, and it comes back by itself. Rows D1 to
//! D3 and D6, as far as the adapter alone is concerned.

use crate::support::{Bench, PATIENCE, config, connected, start_server, until};
use adapter_redis::{Config, Redis};
use order_core::domain::Order;
use order_core::ports::OrderCache;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::desk::order_of;
use testkit::rows::{times, told};
use testkit::servers::Proxy;
use testkit::servers::proxy::Fault;
use testkit::servers::redis::Options;
use testkit::{Desk, new_order};
use tokio::time::timeout;

/// What a call may take by the contract, and what a busy machine adds.
const CALL: Duration = Duration::from_millis(50);
const SLACK: Duration = Duration::from_millis(100);

/// Gets at once by so many; answers the longest wait.
async fn longest_get(cache: &Arc<dyn OrderCache>, order: &Order, readers: usize) -> Duration {
    let mut gets = Vec::new();
    for _ in 0..readers {
        let (cache, order_id) = (Arc::clone(cache), order.order_id);
        gets.push(tokio::spawn(async move {
            let started = Instant::now();
            cache.get(order_id).await;
            started.elapsed()
        }));
    }
    let mut longest = Duration::ZERO;
    for get in gets {
        longest = longest.max(get.await.unwrap());
    }
    longest
}

async fn comes_back(cache: &Arc<dyn OrderCache>, order: &Arc<Order>) {
    until("the cache is back", async || {
        cache.put(Arc::clone(order), Duration::ZERO).await;
        cache.get(order.order_id).await.is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_a_killed_redis_is_missed_at_once_and_comes_back() {
    let bench = Bench::start().await;
    let (desk, cache) = (Desk::new(), bench.redis.cache());
    let order = order_of(&desk.place(new_order()));
    comes_back(&cache, &order).await;
    let mut longest = Duration::ZERO;
    let rounds = times(3, 20);
    for _ in 0..rounds {
        tokio::task::block_in_place(|| bench.server.kill9());
        for _ in 0..5 {
            longest = longest.max(longest_get(&cache, &order, 20).await);
        }
        assert!(longest < CALL + SLACK, "a reader waited {longest:?}");
        until("the breaker is open", async || {
            bench.redis.health().is_err()
        })
        .await;
        let failure = bench.redis.health().unwrap_err();
        assert!(!failure.is_empty());
        tokio::task::block_in_place(|| bench.server.start_again());
        comes_back(&cache, &order).await;
    }
    let rounds = u64::try_from(rounds).unwrap();
    assert!(bench.metric("redis_breaker_opened_total") >= rounds);
    let waited = u64::try_from(longest.as_millis()).unwrap();
    told(
        "D1",
        "Redis killed under readers",
        &[("kills", rounds), ("longest wait in ms", waited)],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_black_hole_costs_one_call_and_then_nothing() {
    let server = start_server(Options::default()).await;
    let proxy = Proxy::start(server.address());
    let mut registry = Registry::default();
    // The bounds of production: they are what this is about.
    let redis = Redis::start(Config::at(proxy.address()), &mut registry);
    connected(&redis).await;
    let (desk, cache) = (Desk::new(), redis.cache());
    let order = order_of(&desk.place(new_order()));
    let (mut first, mut later) = (Duration::ZERO, Duration::ZERO);
    let rounds = times(3, 20);
    for _ in 0..rounds {
        comes_back(&cache, &order).await;
        proxy.set(Fault::Blackhole);
        first = first.max(longest_get(&cache, &order, 100).await);
        until("the breaker is open", async || {
            longest_get(&cache, &order, 1).await;
            redis.health().is_err()
        })
        .await;
        later = later.max(longest_get(&cache, &order, 100).await);
        proxy.set(Fault::None);
    }
    assert!(first < CALL + SLACK, "the first waited {first:?}");
    assert!(later < CALL, "with an open breaker one waited {later:?}");
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap();
    told(
        "D2",
        "Redis blackholed under 100 readers",
        &[
            ("blackholes", u64::try_from(rounds).unwrap()),
            ("longest first wait in ms", millis(first)),
            ("longest wait with the breaker open in ms", millis(later)),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_redis_is_away_until_it_goes_on() {
    let bench = Bench::start().await;
    let redis = Redis::start(Config::at(bench.server.address()), &mut Registry::default());
    connected(&redis).await;
    let (desk, cache) = (Desk::new(), redis.cache());
    let order = order_of(&desk.place(new_order()));
    comes_back(&cache, &order).await;
    bench.server.pause();
    until("the breaker is open", async || redis.health().is_err()).await;
    assert!(longest_get(&cache, &order, 50).await < CALL + SLACK);
    bench.server.resume();
    comes_back(&cache, &order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_an_older_version_that_comes_late_is_refused() {
    let bench = Bench::start().await;
    let proxy = Proxy::start(bench.server.address());
    let late = Redis::start(config(proxy.address()), &mut Registry::default());
    connected(&late).await;
    let (desk, cache, late) = (Desk::new(), bench.redis.cache(), late.cache());
    let rounds = times(10, 200);
    for _ in 0..rounds {
        let first = order_of(&desk.place(new_order()));
        let second = order_of(&desk.hold(&first, "A"));
        proxy.set(Fault::Latency(Duration::from_millis(20)));
        let writing = tokio::spawn({
            let (late, first) = (Arc::clone(&late), Arc::clone(&first));
            async move { late.put(first, Duration::ZERO).await }
        });
        cache.put(Arc::clone(&second), Duration::ZERO).await;
        writing.await.unwrap();
        let kept = cache.get(second.order_id).await.unwrap();
        assert_eq!(kept.order.version, 2, "the older version came back");
    }
    told(
        "D3",
        "an older version put late by another replica",
        &[("late puts", u64::try_from(rounds).unwrap()), ("taken", 0)],
    );
}

/// A put that is stuck on its way for long makes nothing younger than it is: what travels is the time
/// of the read, not "so long ago". Whoever takes that short cut fails here.
#[tokio::test(flavor = "multi_thread")]
async fn d3_a_put_that_was_stuck_on_its_way_tells_its_true_age() {
    const STUCK: Duration = Duration::from_millis(700);
    let bench = Bench::start().await;
    let proxy = Proxy::start(bench.server.address());
    let late = Redis::start(config(proxy.address()), &mut Registry::default());
    connected(&late).await;
    let (desk, cache) = (Desk::new(), bench.redis.cache());
    let order = order_of(&desk.place(new_order()));
    proxy.set(Fault::Latency(STUCK));
    let read = Instant::now();
    timeout(
        PATIENCE,
        late.cache().put(Arc::clone(&order), Duration::ZERO),
    )
    .await
    .unwrap();
    let least = read.elapsed();
    let age = cache.get(order.order_id).await.unwrap().age;
    assert!(
        least >= STUCK && age >= least,
        "{age:?} of at least {least:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_a_flush_forgets_and_is_filled_again() {
    let bench = Bench::start().await;
    let (desk, cache) = (Desk::new(), bench.redis.cache());
    let rounds = times(5, 100);
    for _ in 0..rounds {
        let order = order_of(&desk.place(new_order()));
        cache.put(Arc::clone(&order), Duration::ZERO).await;
        assert!(cache.get(order.order_id).await.is_some());
        tokio::task::block_in_place(|| bench.server.flush());
        assert!(cache.get(order.order_id).await.is_none());
        cache.put(Arc::clone(&order), Duration::ZERO).await;
        assert_eq!(cache.get(order.order_id).await.unwrap().order, order);
    }
    assert_eq!(bench.metric("redis_breaker_opened_total"), 0);
    told(
        "D6",
        "FLUSHALL between a put and a get",
        &[("flushes", u64::try_from(rounds).unwrap())],
    );
}
