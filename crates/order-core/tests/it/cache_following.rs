//! The follower of the feed: copies that are there get each new version, and no age is told too low.

use crate::aged_reads::{aged, max_age};
use order_core::ports::{FeedPosition, FeedToken, OrderCache};
use std::time::Duration;
use testkit::new_order;

#[tokio::test]
async fn a_follower_renews_what_is_there_and_adds_nothing() {
    let aged = aged();
    let (known, unknown) = (
        aged.house.placed("known", new_order()).await,
        aged.house.placed("unknown", new_order()).await,
    );
    aged.read(known.order_id, max_age(1)).await.unwrap();
    let from = aged.house.orders.feed_head().await.unwrap();
    aged.house.clock.advance(10);
    let changed = aged.cancel(known.order_id).await;
    aged.cancel(unknown.order_id).await;
    let round = aged.house.orders.refresh_cache(from).await.unwrap();
    assert!(round.at_end && round.events > 1, "{round:?}");
    assert_eq!(
        round.next_after,
        aged.house.orders.feed_head().await.unwrap()
    );
    let kept = aged.cache.get(known.order_id).await.unwrap();
    assert_eq!((kept.order, kept.age), (changed, Duration::ZERO));
    assert_eq!(aged.cache.get(unknown.order_id).await, None);
    aged.house.store.forget_before(FeedPosition {
        partition: 0,
        offset: 3,
    });
    assert!(
        aged.house
            .orders
            .refresh_cache(FeedToken::start())
            .await
            .is_err()
    );
}

/// Before the feed's end is reached nobody knows whether something newer follows: no entry may grow
/// younger by it.
#[tokio::test]
async fn a_follower_that_lags_makes_nothing_younger() {
    let aged = aged();
    let order = aged.house.placed("k", new_order()).await;
    aged.read(order.order_id, max_age(1)).await.unwrap();
    for n in 0..300 {
        aged.house.placed(&format!("other-{n}"), new_order()).await;
    }
    aged.house.clock.advance(10);
    aged.cancel(order.order_id).await;
    let round = aged
        .house
        .orders
        .refresh_cache(FeedToken::start())
        .await
        .unwrap();
    assert!(!round.at_end);
    let kept = aged.cache.get(order.order_id).await.unwrap();
    assert_eq!(
        (kept.order.version, kept.age),
        (1, Duration::from_millis(10))
    );
    let round = aged
        .house
        .orders
        .refresh_cache(round.next_after)
        .await
        .unwrap();
    assert!(round.at_end);
    let kept = aged.cache.get(order.order_id).await.unwrap();
    assert!(kept.order.version > 1 && kept.age.is_zero(), "{kept:?}");
}
