//! What survives: closing, callers that hang up, and a lock that somebody else holds.

use crate::support::{all_events, fresh, open};
use adapter_sqlite::{Config, SqliteStore};
use futures_util::FutureExt;
use order_core::ports::{Committed, EventFeed, FeedToken, OrderStore, StoreError};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::time::Duration;
use tempfile::TempDir;
use testkit::desk::order_of;
use testkit::{Desk, fact, full_order, new_order};

#[tokio::test]
async fn everything_is_there_after_closing_and_opening() {
    let (folder, store) = fresh().await;
    let desk = Desk::new();
    let full = full_order(&desk);
    let change = desk.place_order(full);
    let full = order_of(&change);
    store.commit(change.clone()).await.unwrap();
    let other = desk.placed(&store, new_order().external("shop-1")).await;
    let other = desk.recorded(&store, &other, fact::reserved("res-1")).await;
    let events = all_events(&store).await;
    store.close().await.unwrap();

    let store = open(folder.path()).await;
    assert_eq!(all_events(&store).await, events);
    assert_eq!(store.load(full.order_id).await.unwrap(), Some(full));
    assert_eq!(
        store.load(other.order_id).await.unwrap(),
        Some(other.clone())
    );
    assert_eq!(
        store.find_external("shop-1").await.unwrap(),
        Some(other.order_id)
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

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_undo_its_commit() {
    let (_folder, store) = fresh().await;
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

#[tokio::test]
async fn closing_writes_what_was_accepted_and_refuses_the_rest() {
    let (folder, store) = fresh().await;
    let desk = Desk::new();
    let changes: Vec<_> = (0..100).map(|_| desk.place(new_order())).collect();
    let orders: Vec<_> = changes.iter().map(order_of).collect();
    let commits: Vec<_> = changes
        .into_iter()
        .map(|change| store.commit(change))
        .collect();
    let (answers, closed) = tokio::join!(futures_util::future::join_all(commits), store.close());
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
    let store = open(folder.path()).await;
    for order in orders {
        assert!(store.load(order.order_id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_lock_that_another_program_holds_is_told_and_survived() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("orders.db");
    let busy_timeout = Duration::from_millis(50);
    let store = SqliteStore::open(Config {
        busy_timeout,
        ..Config::at(&path)
    })
    .await
    .unwrap();
    let desk = Desk::new();
    let before = desk.placed(&store, new_order()).await;

    let options = SqliteConnectOptions::new().filename(&path);
    let mut tool = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut tool)
        .await
        .unwrap();
    let refused = store.commit(desk.place(new_order())).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable { detail })
            if detail.contains("another program holds a lock") && detail.contains("orders.db")),
        "{refused:?}"
    );
    assert_eq!(store.load(before.order_id).await.unwrap(), Some(before));
    assert!(store.ping().await.is_err());

    sqlx::raw_sql("ROLLBACK").execute(&mut tool).await.unwrap();
    store.ping().await.unwrap();
    desk.placed(&store, new_order()).await;
    assert_eq!(all_events(&store).await.len(), 2);
}
