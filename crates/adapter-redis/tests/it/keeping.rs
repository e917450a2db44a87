//! What Redis keeps: keys, lifetimes, bounds, and whom it lets in.

use crate::support::{Bench, RealClock, config, connected, start_server, until};
use adapter_redis::{Config, Redis, Secret};
use order_core::ports::{Rate, RateLimiter};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use testkit::desk::order_of;
use testkit::servers::redis::{Options, User};
use testkit::{Desk, new_order};

#[tokio::test(flavor = "multi_thread")]
async fn every_key_begins_with_the_prefix_and_ends_by_itself() {
    let mut bench = Bench::start().await;
    let desk = Desk::new();
    let order = order_of(&desk.place(new_order()));
    bench
        .redis
        .cache()
        .put(Arc::clone(&order), Duration::ZERO)
        .await;
    let rate = Rate {
        tokens: 2,
        period_millis: 1_000,
        burst: 10,
    };
    let limiter: Arc<dyn RateLimiter> =
        bench
            .redis
            .limiter(rate, Arc::new(RealClock), &mut bench.registry);
    assert!(limiter.take("10.0.0.1", 10).await.allowed);
    let mut keys: Vec<String> = bench
        .server
        .ask(&["KEYS", "*"])
        .lines()
        .map(str::to_owned)
        .collect();
    keys.sort();
    let entry = format!("orders:order:{}", order.order_id);
    assert_eq!(keys, ["orders:clock", "orders:limit:10.0.0.1", &entry]);
    let lives = |key: &str| bench.server.ask(&["PTTL", key]).parse::<i64>().unwrap();
    let hour = 3_600_000;
    assert!(
        (hour - 60_000..=hour).contains(&lives(&entry)),
        "{}",
        lives(&entry)
    );
    // Ten tokens come back in five seconds; then the bucket is as good as none.
    let bucket = lives("orders:limit:10.0.0.1");
    assert!((1..=6_000).contains(&bucket), "{bucket}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_too_large_is_not_kept() {
    let server = start_server(Options::default()).await;
    let small = Config {
        max_value_bytes: 4_096,
        ..config(server.address())
    };
    let redis = Redis::start(small, &mut Registry::default());
    connected(&redis).await;
    let (desk, cache) = (Desk::new(), redis.cache());
    let small = order_of(&desk.place(new_order().lines(2)));
    let large = order_of(&desk.place(new_order().lines(1_000)));
    cache.put(Arc::clone(&small), Duration::ZERO).await;
    cache.put(Arc::clone(&large), Duration::ZERO).await;
    assert!(cache.get(small.order_id).await.is_some());
    assert!(cache.get(large.order_id).await.is_none());
    assert_eq!(
        server.ask(&["EXISTS", &format!("orders:order:{}", large.order_id)]),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_miss_and_mends_itself() {
    let bench = Bench::start().await;
    let (desk, cache) = (Desk::new(), bench.redis.cache());
    let order = order_of(&desk.place(new_order()));
    let key = format!("orders:order:{}", order.order_id);
    for damage in [
        &["SET", &key, "short"][..],
        &["SETRANGE", &key, "24", "rubbish rubbish rubbish"],
        &["SETRANGE", &key, "0", "zzzz"],
        &["SET", "orders:clock", "never"],
        &["DEL", "orders:clock"],
    ] {
        bench.server.ask(&["DEL", &key]);
        cache.put(Arc::clone(&order), Duration::ZERO).await;
        assert!(
            cache.get(order.order_id).await.is_some(),
            "before {damage:?}"
        );
        bench.server.ask(damage);
        assert!(cache.get(order.order_id).await.is_none(), "{damage:?}");
    }
    cache.put(Arc::clone(&order), Duration::ZERO).await;
    assert_eq!(cache.get(order.order_id).await.unwrap().order, order);
    // A list in place of an entry is refused by Redis itself, and costs the connection nothing.
    bench.server.ask(&["DEL", &key]);
    bench.server.ask(&["LPUSH", &key, "x"]);
    assert!(cache.get(order.order_id).await.is_none());
    cache.put(Arc::clone(&order), Duration::ZERO).await;
    assert_eq!(bench.redis.health(), Ok(()));
    assert_eq!(bench.metric("redis_breaker_opened_total"), 0);
    assert_eq!(
        bench.metric("redis_calls_failed_total{cause=\"refused\"}"),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_of_redis_that_steps_back_makes_no_entry_younger() {
    let bench = Bench::start().await;
    let (desk, cache) = (Desk::new(), bench.redis.cache());
    let (old, new) = (
        order_of(&desk.place(new_order())),
        order_of(&desk.place(new_order())),
    );
    cache.put(Arc::clone(&old), Duration::ZERO).await;
    assert!(cache.get(old.order_id).await.is_some());
    // As a clock that was an hour ahead until now leaves the mark behind.
    let mark = bench.server.ask(&["GET", "orders:clock"]);
    let (era, last) = mark.split_once(':').unwrap();
    let ahead = last.parse::<u64>().unwrap() + 3_600_000;
    bench
        .server
        .ask(&["SET", "orders:clock", &format!("{era}:{ahead}")]);
    assert!(
        cache.get(old.order_id).await.is_none(),
        "its age cannot be known"
    );
    cache.put(Arc::clone(&new), Duration::ZERO).await;
    assert!(
        cache.get(new.order_id).await.is_some(),
        "a new era has begun"
    );
    assert!(cache.get(old.order_id).await.is_none(), "of the era before");
    cache.put(Arc::clone(&old), Duration::ZERO).await;
    assert!(cache.get(old.order_id).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_were_flushed_come_back() {
    let bench = Bench::start().await;
    let (desk, cache) = (Desk::new(), bench.redis.cache());
    for _ in 0..3 {
        let order = order_of(&desk.place(new_order()));
        bench.server.ask(&["SCRIPT", "FLUSH", "SYNC"]);
        cache.put(Arc::clone(&order), Duration::ZERO).await;
        assert!(cache.get(order.order_id).await.is_some());
    }
}

/// What the README says an ACL user of the service needs.
const RULES: &str = "~orders:* resetchannels -@all +@connection +mget +get +getrange +set +setrange +del +pexpire +time +evalsha +eval +script|load";

#[tokio::test(flavor = "multi_thread")]
async fn an_acl_user_of_few_rights_is_enough_and_a_wrong_password_is_told() {
    let options = Options {
        acl: vec![User {
            name: "service",
            password: "p@ss:word",
            rules: RULES,
        }],
        ..Options::default()
    };
    let server = start_server(options).await;
    let signed_in = |password: &str| Config {
        user: Some("service".to_owned()),
        password: Some(Secret(password.to_owned())),
        database: 3,
        ..config(server.address())
    };
    let mut registry = Registry::default();
    let redis = Redis::start(signed_in("p@ss:word"), &mut registry);
    connected(&redis).await;
    let (desk, cache) = (Desk::new(), redis.cache());
    let order = order_of(&desk.place(new_order()));
    cache.put(Arc::clone(&order), Duration::ZERO).await;
    cache.refresh(&[Arc::clone(&order)], None).await;
    assert!(cache.get(order.order_id).await.is_some());
    let rate = Rate {
        tokens: 1,
        period_millis: 1_000,
        burst: 1,
    };
    let limiter = redis.limiter(rate, Arc::new(RealClock), &mut registry);
    assert!(limiter.take("x", 1).await.allowed);
    assert_eq!(server.ask(&["-n", "3", "EXISTS", "orders:limit:x"]), "1");

    let wrong = Redis::start(signed_in("s3cret"), &mut Registry::default());
    until("the refusal is told", async || {
        let told = wrong.health().unwrap_err();
        assert!(!told.contains("s3cret"), "{told}");
        told.contains("REDIS_PASSWORD") && told.contains(&server.address().to_string())
    })
    .await;
}
