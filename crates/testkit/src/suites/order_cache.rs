//! The rules of [`OrderCache`]: of one that is there, with room, and
//! of one that is away.

use crate::desk::order_of;
use crate::samples::full_order;
use crate::{Desk, new_order};
use order_core::domain::{Order, Timestamp};
use order_core::ports::{CachedOrder, OrderCache};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The cache under test: empty.
pub type Cache = Arc<dyn OrderCache>;

/// What no call may exceed, by the contract.
const CALL_MILLIS: u64 = 50;
/// Calls that are measured together, so that one hiccup of the machine is no failure.
const CALLS: u64 = 20;

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

/// An order comes back whole, with its time.
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
        let (order, as_of) = (Arc::new(order), desk.tick());
        cache.put(Arc::clone(&order), as_of).await;
        assert_eq!(
            cached(&cache, &order).await,
            CachedOrder { order, as_of },
            "order {n}"
        );
    }
}

/// A newer version takes the place of an older one.
pub async fn a_newer_version_takes_the_place(cache: Cache) {
    let desk = Desk::new();
    let first = order(&desk);
    let second = held(&desk, &first);
    cache.put(first, desk.tick()).await;
    let as_of = desk.tick();
    cache.put(Arc::clone(&second), as_of).await;
    assert_eq!(
        cached(&cache, &second).await,
        CachedOrder {
            order: second,
            as_of
        }
    );
}

/// An older version never comes back, however late it is put.
pub async fn an_older_version_changes_nothing(cache: Cache) {
    let desk = Desk::new();
    let first = order(&desk);
    let second = held(&desk, &first);
    let kept = CachedOrder {
        order: Arc::clone(&second),
        as_of: desk.tick(),
    };
    cache.put(second, kept.as_of).await;
    cache.put(Arc::clone(&first), desk.tick()).await;
    cache.put(Arc::clone(&first), Timestamp::MAX).await;
    assert_eq!(cached(&cache, &first).await, kept);
}

/// The same version renews the time at which it was the newest.
pub async fn the_same_version_renews_its_time(cache: Cache) {
    let desk = Desk::new();
    let order = order(&desk);
    cache.put(Arc::clone(&order), desk.tick()).await;
    let as_of = desk.tick();
    cache.put(Arc::clone(&order), as_of).await;
    assert_eq!(cached(&cache, &order).await, CachedOrder { order, as_of });
}

/// Orders do not take each other's place.
pub async fn orders_stand_apart(cache: Cache) {
    let desk = Desk::new();
    let orders: Vec<Arc<Order>> = (0..50).map(|_| order(&desk)).collect();
    let as_of = desk.tick();
    for order in &orders {
        cache.put(Arc::clone(order), as_of).await;
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
        let (cache, order, as_of) = (
            Arc::clone(&cache),
            Arc::clone(&versions[n * 37 % 64]),
            desk.tick(),
        );
        puts.push(tokio::spawn(async move { cache.put(order, as_of).await }));
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
    cache.put(Arc::clone(&order), desk.tick()).await;
    assert_eq!(cache.get(order.order_id).await, None);
}

/// A cache that is away makes nobody wait for more than 50 ms.
pub async fn a_cache_that_is_away_does_not_make_wait(cache: Cache) {
    let desk = Desk::new();
    let order = order(&desk);
    let started = Instant::now();
    for _ in 0..CALLS {
        cache.put(Arc::clone(&order), desk.tick()).await;
        assert_eq!(cache.get(order.order_id).await, None);
    }
    let longest = Duration::from_millis(CALL_MILLIS * CALLS * 2);
    assert!(
        started.elapsed() <= longest,
        "{CALLS} gets and puts took {:?}",
        started.elapsed()
    );
}
