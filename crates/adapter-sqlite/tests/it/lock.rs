//! A lock on the file that somebody else holds.

use crate::support::all_events;
use adapter_sqlite::{Config, SqliteStore};
use order_core::ports::{OrderStore, StoreError};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::time::Duration;
use tempfile::TempDir;
use testkit::{Desk, new_order};

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
