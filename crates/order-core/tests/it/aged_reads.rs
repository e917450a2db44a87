//! Reads that may be old: never older than allowed, one load for all, a net for a store that is down.

use crate::house::{House, cancellation};
use order_core::app::{AgedOrder, AllowedAge, AppError, ChangeOptions, Orders};
use order_core::domain::{Order, OrderId};
use order_core::ports::{OrderCache, StoreError};
use std::sync::Arc;
use std::time::Duration;
use testkit::fakes::{MemoryCache, SequentialIds};
use testkit::new_order;
use testkit::rows::{times, told};
use tokio::task::yield_now;

pub(crate) struct Aged {
    pub(crate) house: House,
    pub(crate) cache: Arc<MemoryCache>,
}

pub(crate) fn aged() -> Aged {
    let mut house = House::new();
    let cache = Arc::new(MemoryCache::by(house.clock.clone()));
    house.orders = house.orders.with_cache(Arc::clone(&cache) as _);
    Aged { house, cache }
}

impl Aged {
    /// Another replica on the same store and cache.
    fn replica(&self) -> Orders {
        let store = &self.house.store;
        let ids = Arc::new(SequentialIds::new(2));
        let (orders, feed) = (Arc::new(store.clone()), Arc::new(store.clone()));
        Orders::new(orders, feed, self.house.clock.clone(), ids)
            .with_cache(Arc::clone(&self.cache) as _)
    }

    pub(crate) async fn read(
        &self,
        order_id: OrderId,
        allowed: AllowedAge,
    ) -> Result<AgedOrder, AppError> {
        self.house.orders.get_aged(order_id, allowed).await
    }

    pub(crate) async fn cancel(&self, order_id: OrderId) -> Arc<Order> {
        let options = ChangeOptions::default();
        let cancelled = self.house.orders.cancel(order_id, cancellation(), options);
        cancelled.await.unwrap().order
    }
}

pub(crate) fn max_age(millis: u64) -> AllowedAge {
    AllowedAge {
        max_age: Duration::from_millis(millis),
        ..AllowedAge::default()
    }
}

fn stale_if_error(millis: u64) -> AllowedAge {
    AllowedAge {
        stale_if_error: Duration::from_millis(millis),
        ..AllowedAge::default()
    }
}

fn down() -> StoreError {
    StoreError::Unavailable {
        detail: "gone".into(),
    }
}

#[tokio::test]
async fn an_answer_is_as_old_as_allowed_and_no_older() {
    let aged = aged();
    let first = aged.house.placed("k", new_order()).await;
    let id = first.order_id;
    assert_eq!(
        aged.read(id, max_age(1_000)).await.unwrap().age,
        Duration::ZERO
    );
    let second = aged.cancel(id).await;
    aged.house.clock.advance(1_000);
    let old = aged.read(id, max_age(1_000)).await.unwrap();
    assert_eq!(
        (old.order.version, old.age),
        (first.version, Duration::from_secs(1))
    );
    assert!(!old.stale);
    // Whoever allows less sees the change, and so does everybody after that.
    let fresh = aged.read(id, max_age(999)).await.unwrap();
    assert_eq!((fresh.order, fresh.age), (second.clone(), Duration::ZERO));
    let kept = aged.replica().get_aged(id, max_age(1_000)).await.unwrap();
    assert_eq!(kept.order, second);
    assert_eq!(
        aged.house.store.loads() - 1,
        2,
        "one of them was the cancellation's"
    );
}

#[tokio::test]
async fn who_allows_no_age_asks_the_store_and_not_the_cache() {
    let aged = aged();
    let order = aged.house.placed("k", new_order()).await;
    let fresh = aged
        .read(order.order_id, AllowedAge::default())
        .await
        .unwrap();
    assert_eq!((fresh.order, fresh.age), (order.clone(), Duration::ZERO));
    assert_eq!(aged.cache.calls(), (0, 0));
    assert!(!aged.house.orders.aged_reads_within(Duration::MAX));
    aged.read(order.order_id, max_age(1)).await.unwrap();
    assert!(aged.house.orders.aged_reads_within(Duration::ZERO));
    aged.house.clock.advance(2_000);
    assert!(!aged.house.orders.aged_reads_within(Duration::from_secs(1)));
}

#[tokio::test]
async fn an_unknown_order_is_unknown_at_any_age() {
    let aged = aged();
    let id = OrderId::from_u128(7);
    let unknown = AppError::NotFound(id);
    assert_eq!(aged.read(id, max_age(1_000)).await, Err(unknown.clone()));
    assert_eq!(aged.read(id, stale_if_error(1_000)).await, Err(unknown));
}

/// D4: what was acknowledged is read by whoever allows no more age than has passed since, also where
/// the cache never heard of the change.
#[tokio::test]
async fn d4_a_lost_write_of_the_cache_hides_nothing_that_was_acknowledged() {
    let rounds = times(20, 500);
    let aged = aged();
    let other = aged.replica();
    for n in 0..rounds {
        let order = aged.house.placed(&format!("k{n}"), new_order()).await;
        let id = order.order_id;
        aged.read(id, max_age(1)).await.unwrap();
        aged.cache.set_away(true);
        let changed = aged.cancel(id).await;
        aged.read(id, max_age(1)).await.unwrap();
        aged.cache.set_away(false);
        for passed in [1, 10, 100] {
            aged.house.clock.advance(passed);
            // The cache still has what was there before the change, at its true age.
            let read = other
                .get_aged(id, max_age(u64::try_from(passed).unwrap() - 1))
                .await;
            assert_eq!(read.unwrap().order.version, changed.version);
            let stale = Arc::clone(&order);
            aged.cache.clear();
            aged.cache.put(stale, Duration::ZERO).await;
        }
    }
    told(
        "D4",
        "cache away while a change was committed",
        &[
            ("changes", u64::try_from(rounds).unwrap()),
            ("read too old", 0),
        ],
    );
}

/// D5, in the core: however the readers' steps interleave, those who overlap share one load.
#[tokio::test]
async fn d5_a_thousand_readers_of_one_order_are_one_load() {
    let rounds = times(5, 50);
    let mut loads = 0;
    for round in 0..rounds {
        let aged = aged();
        let order = aged.house.placed("k", new_order()).await;
        aged.house.store.hold_loads(true);
        let mut readers = Vec::new();
        for n in 0..1_000 {
            let (orders, id) = (aged.house.orders.clone(), order.order_id);
            readers.push(tokio::spawn(async move {
                for _ in 0..(n * 7 + round) % 11 {
                    yield_now().await;
                }
                orders.get_aged(id, max_age(5_000)).await
            }));
        }
        while aged.house.store.loads() == 0 || aged.cache.calls().0 < 1_000 {
            yield_now().await;
        }
        aged.house.store.hold_loads(false);
        for reader in readers {
            assert_eq!(reader.await.unwrap().unwrap().order, order);
        }
        assert_eq!(aged.cache.calls(), (1_000, 1));
        loads += aged.house.store.loads();
    }
    assert_eq!(loads, rounds);
    told(
        "D5",
        "1,000 readers of one order that is in no cache",
        &[
            ("readers", 1_000 * u64::try_from(rounds).unwrap()),
            ("loads", u64::try_from(loads).unwrap()),
        ],
    );
}

#[tokio::test]
async fn a_load_that_began_too_long_ago_is_not_shared() {
    let aged = aged();
    let id = aged.house.placed("k", new_order()).await.order_id;
    aged.house.store.hold_loads(true);
    let early = tokio::spawn({
        let orders = aged.house.orders.clone();
        async move { orders.get_aged(id, max_age(100)).await }
    });
    while aged.house.store.loads() == 0 {
        yield_now().await;
    }
    // The store is slow to answer: what it answers may be older than the next reader allows.
    aged.house.clock.advance(101);
    let late = tokio::spawn({
        let orders = aged.house.orders.clone();
        async move { orders.get_aged(id, max_age(100)).await }
    });
    let tolerant = tokio::spawn({
        let orders = aged.house.orders.clone();
        async move { orders.get_aged(id, max_age(101)).await }
    });
    for _ in 0..10 {
        yield_now().await;
    }
    aged.house.store.hold_loads(false);
    assert_eq!(early.await.unwrap().unwrap().age, Duration::ZERO);
    assert_eq!(late.await.unwrap().unwrap().age, Duration::ZERO);
    assert_eq!(aged.house.store.loads(), 2, "the late one asked for itself");
    let shared = tolerant.await.unwrap().unwrap();
    assert!(shared.age <= Duration::from_millis(101), "{:?}", shared.age);
}

/// Readers who come without a pause never leave their seat empty; a copy that the cache has lost is made
/// anew all the same.
#[tokio::test]
async fn a_copy_that_was_lost_is_made_anew_by_the_next_reader() {
    let aged = aged();
    let id = aged.house.placed("k", new_order()).await.order_id;
    // Somebody sits there for the whole time.
    aged.house.store.hold_loads(true);
    let held = tokio::spawn({
        let orders = aged.house.orders.clone();
        async move { orders.get_aged(id, stale_if_error(1)).await }
    });
    while aged.house.store.loads() == 0 {
        yield_now().await;
    }
    aged.house.store.hold_loads(false);
    aged.read(id, max_age(60_000)).await.unwrap();
    aged.house.clock.advance(1);
    let loads = aged.house.store.loads();
    aged.cache.clear();
    aged.read(id, max_age(60_000)).await.unwrap();
    assert_eq!(aged.house.store.loads(), loads + 1);
    assert!(aged.cache.get(id).await.is_some());
    held.await.unwrap().unwrap();
}

#[tokio::test]
async fn fresh_readers_with_a_net_do_not_wait_for_one_another() {
    let aged = aged();
    let id = aged.house.placed("k", new_order()).await.order_id;
    aged.house.store.hold_loads(true);
    let mut readers = Vec::new();
    for _ in 0..100 {
        let orders = aged.house.orders.clone();
        readers.push(tokio::spawn(async move {
            orders.get_aged(id, stale_if_error(1_000)).await
        }));
    }
    for _ in 0..100 {
        yield_now().await;
    }
    assert_eq!(aged.house.store.loads(), 100, "all of them are under way");
    aged.house.store.hold_loads(false);
    for reader in readers {
        assert!(reader.await.unwrap().unwrap().age.is_zero());
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_asked_once_for_all_who_wait() {
    let aged = aged();
    let order = aged.house.placed("k", new_order()).await;
    aged.house.store.set_failing(Some(down()));
    aged.house.store.hold_loads(true);
    let mut readers = Vec::new();
    for _ in 0..100 {
        let (orders, id) = (aged.house.orders.clone(), order.order_id);
        readers.push(tokio::spawn(async move {
            orders.get_aged(id, max_age(1)).await
        }));
    }
    while aged.cache.calls().0 < 100 {
        yield_now().await;
    }
    aged.house.store.hold_loads(false);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), Err(AppError::Store(down())));
    }
    assert_eq!(aged.house.store.loads(), 1);
    aged.house.store.set_failing(None);
    assert!(aged.read(order.order_id, max_age(1)).await.is_ok());
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_the_others_their_load() {
    let aged = aged();
    let order = aged.house.placed("k", new_order()).await;
    aged.house.store.hold_loads(true);
    let spawn = || {
        let (orders, id) = (aged.house.orders.clone(), order.order_id);
        tokio::spawn(async move { orders.get_aged(id, max_age(1_000)).await })
    };
    let first = spawn();
    while aged.house.store.loads() == 0 {
        yield_now().await;
    }
    let second = spawn();
    yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    aged.house.store.hold_loads(false);
    assert_eq!(second.await.unwrap().unwrap().order, order);
}

#[tokio::test]
async fn a_copy_stands_in_for_a_store_that_is_down_and_is_marked() {
    let aged = aged();
    let order = aged.house.placed("k", new_order()).await;
    let id = order.order_id;
    // A fresh read by somebody who would take an old answer leaves a copy for such a time.
    let fresh = aged.read(id, stale_if_error(60_000)).await.unwrap();
    assert_eq!((fresh.age, fresh.stale), (Duration::ZERO, false));
    aged.house.clock.advance(60_000);
    aged.house.store.set_failing(Some(down()));
    let stale = aged.read(id, stale_if_error(60_000)).await.unwrap();
    assert_eq!(
        (&stale.order, stale.age, stale.stale),
        (&order, Duration::from_mins(1), true)
    );
    let both = AllowedAge {
        max_age: Duration::from_secs(5),
        ..stale_if_error(60_000)
    };
    assert_eq!(aged.read(id, both).await.unwrap(), stale);
    for allowed in [
        AllowedAge::default(),
        max_age(5_000),
        stale_if_error(59_999),
    ] {
        assert_eq!(
            aged.read(id, allowed).await,
            Err(AppError::Store(down())),
            "{allowed:?}"
        );
    }
    let corrupt = StoreError::Corrupt {
        detail: "row 7".into(),
    };
    aged.house.store.set_failing(Some(corrupt.clone()));
    assert_eq!(aged.read(id, both).await, Err(AppError::Store(corrupt)));
    aged.cache.set_away(true);
    aged.house.store.set_failing(Some(down()));
    assert_eq!(aged.read(id, both).await, Err(AppError::Store(down())));
}
