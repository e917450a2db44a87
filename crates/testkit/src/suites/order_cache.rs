//! The rules of [`OrderCache`]: of one that is there, with room, and
//! of one that is away.

use crate::desk::order_of;
use crate::samples::full_order;
use crate::{Desk, new_order};
use order_core::domain::Order;
use order_core::ports::{CachedOrder, OrderCache};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The cache under test: empty.
pub type Cache = Arc<dyn OrderCache>;

/// What no call may exceed, by the contract.
const CALL_MILLIS: u64 = 50;
/// Calls that are measured together, so that one hiccup of the machine is no failure.
const CALLS: u64 = 20;
/// Longer than any test takes, shorter than an entry lives.
const LONG_AGO: Duration = Duration::from_mins(10);

fn order(desk: &Desk) -> Arc<Order> {
    order_of(&desk.place(new_order().lines(2)))
}

fn held(desk: &Desk, order: &Order) -> Arc<Order> {
    order_of(&desk.hold(order, "A"))
}

async fn cached(cache: &Cache, order: &Order) -> CachedOrder {
    cache
        .get(order.order_id)
        .await
        .expect("a cache with room keeps what it was given")
}

/// An order that nobody put is not there.
pub async fn the_unknown_is_none(cache: Cache) {
    let desk = Desk::new();
    assert_eq!(cache.get(order(&desk).order_id).await, None);
}

/// An order comes back whole.
pub async fn an_order_comes_back_whole(cache: Cache) {
    let desk = Desk::new();
    for (n, order) in [
        full_order(&desk),
        desk.order(new_order()),
        desk.order(new_order().lines(1_000)),
    ]
    .into_iter()
    .enumerate()
    {
        let order = Arc::new(order);
        cache.put(Arc::clone(&order), Duration::ZERO).await;
        assert_eq!(cached(&cache, &order).await.order, order, "order {n}");
    }
}

/// The age is never told below the true one, and above it by no more than calls take.
pub async fn an_age_is_true(cache: Cache) {
    let desk = Desk::new();
    for read_ago in [0, 1, 40, 1_500, 3_600_000].map(Duration::from_millis) {
        let order = order(&desk);
        let before = Instant::now();
        cache.put(Arc::clone(&order), read_ago).await;
        let after = Instant::now();
        for wait in [0, 1, 25] {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let least = read_ago + after.elapsed();
            let CachedOrder { age, .. } = cached(&cache, &order).await;
            let most = read_ago + before.elapsed();
            assert!(age >= least, "{age:?} of at least {least:?}");
            let most = most + Duration::from_millis(CALL_MILLIS) + read_ago / 500;
            assert!(age <= most, "{age:?} of at most {most:?}");
        }
    }
}

/// A newer version takes the place of an older one, and makes the entry no older.
pub async fn a_newer_version_takes_the_place(cache: Cache) {
    let desk = Desk::new();
    let first = order(&desk);
    let second = held(&desk, &first);
    cache.put(first, LONG_AGO).await;
    cache.put(Arc::clone(&second), Duration::ZERO).await;
    let kept = cached(&cache, &second).await;
    assert_eq!(kept.order, second);
    assert!(kept.age < LONG_AGO, "{:?}", kept.age);
    let third = held(&desk, &second);
    cache.put(Arc::clone(&third), LONG_AGO).await;
    let kept = cached(&cache, &third).await;
    assert_eq!(kept.order, third);
    assert!(kept.age < LONG_AGO, "{:?}", kept.age);
}

/// An older version never comes back, however late it is put, and makes nothing younger.
pub async fn an_older_version_changes_nothing(cache: Cache) {
    let desk = Desk::new();
    let first = order(&desk);
    let second = held(&desk, &first);
    cache.put(Arc::clone(&second), LONG_AGO).await;
    cache.put(Arc::clone(&first), LONG_AGO).await;
    cache.put(Arc::clone(&first), Duration::ZERO).await;
    cache.refresh(&[first], Some(Duration::ZERO)).await;
    let kept = cached(&cache, &second).await;
    assert_eq!(kept.order, second);
    assert!(kept.age >= LONG_AGO, "{:?}", kept.age);
}

/// The same version makes the entry younger, and never older.
pub async fn the_same_version_renews_its_time(cache: Cache) {
    let desk = Desk::new();
    let order = order(&desk);
    cache.put(Arc::clone(&order), LONG_AGO).await;
    assert!(cached(&cache, &order).await.age >= LONG_AGO);
    cache.put(Arc::clone(&order), Duration::ZERO).await;
    assert!(cached(&cache, &order).await.age < LONG_AGO);
    cache.put(Arc::clone(&order), LONG_AGO).await;
    assert!(cached(&cache, &order).await.age < LONG_AGO);
}

/// A refresh gives entries that are there the newer version, and makes none.
pub async fn a_refresh_makes_no_entry(cache: Cache) {
    let desk = Desk::new();
    let (known, unknown) = (order(&desk), order(&desk));
    cache.put(Arc::clone(&known), LONG_AGO).await;
    let newer = held(&desk, &known);
    let both = [Arc::clone(&newer), Arc::clone(&unknown)];
    cache.refresh(&both, None).await;
    let kept = cached(&cache, &newer).await;
    assert_eq!(kept.order, newer);
    assert!(kept.age >= LONG_AGO, "nobody said how fresh it is");
    cache.refresh(&both, Some(Duration::ZERO)).await;
    assert!(cached(&cache, &newer).await.age < LONG_AGO);
    assert_eq!(cache.get(unknown.order_id).await, None);
    cache.refresh(&[], None).await;
}

/// Orders do not take each other's place.
pub async fn orders_stand_apart(cache: Cache) {
    let desk = Desk::new();
    let orders: Vec<Arc<Order>> = (0..50).map(|_| order(&desk)).collect();
    for order in &orders {
        cache.put(Arc::clone(order), Duration::ZERO).await;
    }
    for order in &orders {
        assert_eq!(cached(&cache, order).await.order, *order);
    }
}

/// Of 64 versions put at once, in whatever order, the newest stays.
pub async fn the_newest_of_many_stays(cache: Cache) {
    let desk = Desk::new();
    let mut versions = vec![order(&desk)];
    for n in 0..63 {
        let next = held(&desk, &versions[n]);
        versions.push(next);
    }
    let newest = Arc::clone(&versions[63]);
    let mut puts = Vec::new();
    for n in 0..64 {
        let (cache, order) = (Arc::clone(&cache), Arc::clone(&versions[n * 37 % 64]));
        puts.push(tokio::spawn(async move {
            cache.put(order, Duration::ZERO).await;
        }));
    }
    for put in puts {
        put.await.unwrap();
    }
    assert_eq!(cached(&cache, &newest).await.order, newest);
}

/// A cache that is away answers nothing and fails nobody.
pub async fn a_cache_that_is_away_answers_nothing(cache: Cache) {
    let desk = Desk::new();
    let order = order(&desk);
    cache.put(Arc::clone(&order), Duration::ZERO).await;
    assert_eq!(cache.get(order.order_id).await, None);
}

/// A cache that is away makes nobody wait for more than 50 ms.
pub async fn a_cache_that_is_away_does_not_make_wait(cache: Cache) {
    let desk = Desk::new();
    let order = order(&desk);
    let started = Instant::now();
    for _ in 0..CALLS {
        cache.put(Arc::clone(&order), Duration::ZERO).await;
        cache.refresh(&[Arc::clone(&order)], None).await;
        assert_eq!(cache.get(order.order_id).await, None);
    }
    let longest = Duration::from_millis(CALL_MILLIS * CALLS * 3);
    assert!(
        started.elapsed() <= longest,
        "{CALLS} gets, puts and refreshes took {:?}",
        started.elapsed()
    );
}
