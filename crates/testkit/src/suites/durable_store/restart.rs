//! What survives: closing, and callers that hang up.

use super::{Durable, all_events};
use crate::desk::order_of;
use crate::{Desk, fact, full_order, new_order};
use futures_util::FutureExt;
use futures_util::future::join_all;
use order_core::ports::{Committed, EventFeed, FeedToken, OrderStore, StoreError};

/// Orders, keys and the feed are as they were, and the feed goes on where it stood.
pub async fn everything_is_there_after_closing_and_opening<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let full = full_order(&desk);
    let change = desk.place_order(full);
    let full = order_of(&change);
    store.commit(change.clone()).await.unwrap();
    let other = desk.placed(&store, new_order().external("shop-1")).await;
    let other = desk.recorded(&store, &other, fact::reserved("res-1")).await;
    let events = all_events(&store).await;
    D::close(&store).await.unwrap();

    let store = database.open(None).await;
    assert_eq!(all_events(&store).await, events);
    assert_eq!(store.load(full.order_id).await.unwrap(), Some(full));
    assert_eq!(
        store.load(other.order_id).await.unwrap(),
        Some(other.clone())
    );
    assert_eq!(
        store.load_external("shop-1").await.unwrap(),
        Some(other.clone())
    );
    assert!(matches!(
        store.commit(change).await,
        Ok(Committed::RequestKnown(_))
    ));
    let next = desk.placed(&store, new_order()).await;
    let newest = all_events(&store).await.pop().unwrap();
    assert_eq!(newest.event.order.order_id, next.order_id);
    assert_eq!(newest.position.offset, events.len() as u64 + 1);
}

/// What was queued is written, though nobody waits for the answer.
pub async fn a_caller_that_hangs_up_does_not_undo_its_commit<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    for offset in 0..20 {
        let change = desk.place(new_order());
        let order = order_of(&change);
        // Polled once, so that it is queued, and dropped.
        assert!(store.commit(change).now_or_never().is_none());
        let beyond = FeedToken::new(vec![offset]);
        store.wait_beyond(&beyond).await.unwrap();
        assert_eq!(store.load(order.order_id).await.unwrap(), Some(order));
    }
    assert_eq!(all_events(&store).await.len(), 20);
}

/// Closing loses nothing that was accepted.
pub async fn closing_writes_what_was_accepted_and_refuses_the_rest<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let changes: Vec<_> = (0..100).map(|_| desk.place(new_order())).collect();
    let orders: Vec<_> = changes.iter().map(order_of).collect();
    let commits: Vec<_> = changes
        .into_iter()
        .map(|change| store.commit(change))
        .collect();
    let (answers, closed) = tokio::join!(join_all(commits), D::close(&store));
    closed.unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Committed::Done { .. }))),
        "{answers:?}"
    );
    let refused = store.commit(desk.place(new_order())).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable { detail }) if detail.contains("stopping")),
        "{refused:?}"
    );
    let store = database.open(None).await;
    for order in orders {
        assert!(store.load(order.order_id).await.unwrap().is_some());
    }
}
