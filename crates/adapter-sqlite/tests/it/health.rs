//! Bounds, metrics and what the probes are told.

use crate::support::fresh;
use adapter_sqlite::{Config, SqliteStore};
use futures_util::future::join_all;
use order_core::ports::{Committed, OrderStore, StoreError};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use tempfile::TempDir;
use testkit::{Desk, fact, new_order};

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        max_queued_changes: 4,
        ..Config::at(folder.path().join("orders.db"))
    };
    let store = SqliteStore::open(config).await.unwrap();
    let desk = Desk::new();
    // On one thread, all of them are queued before the writer gets its turn.
    let answers = join_all((0..20).map(|_| store.commit(desk.place(new_order())))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 4);
    for answer in refused {
        assert!(
            matches!(
                answer,
                Err(StoreError::Overloaded {
                    queued: 4,
                    retry_after_millis: 20..=5_000
                })
            ),
            "{answer:?}"
        );
    }
    desk.placed(&store, new_order()).await;
}

#[tokio::test]
async fn loads_of_many_callers_are_few_statements() {
    let (_folder, store) = fresh().await;
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    let loads = join_all((0..100).map(|_| store.load(order.order_id))).await;
    let first = loads[0].clone().unwrap().unwrap();
    for loaded in loads {
        assert!(
            Arc::ptr_eq(&loaded.unwrap().unwrap(), &first),
            "callers of one order share it"
        );
    }
    assert_eq!(store.stats().loads.batches, 1);
}

#[tokio::test]
async fn the_metrics_tell_what_happened() {
    let (_folder, store) = fresh().await;
    let mut registry = Registry::default();
    store.register_metrics(&mut registry);
    let desk = Desk::new();
    let changes = (0..3).map(|_| store.commit(desk.place(new_order())));
    assert!(join_all(changes).await.iter().all(Result::is_ok));
    let order = desk.placed(&store, new_order()).await;
    desk.recorded(&store, &order, fact::authorized(&order, "pay-1", 1))
        .await;
    // A change that was answered without being done made no event.
    let known = desk.record(&order, fact::authorized(&order, "pay-2", 1));
    assert_eq!(store.commit(known).await, Ok(Committed::VersionConflict));

    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    for line in [
        "orders_events_total{type=\"order.placed.v1\"} 4",
        "orders_events_total{type=\"order.payment_changed.v1\"} 1",
        "db_commit_seconds_count 4",
        "db_batch_changes_sum 6.0",
        "db_batch_changes_bucket{le=\"2.0\"} 3",
        "db_queue_changes 0",
        "db_commit_errors_total 0",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    let bytes = text
        .lines()
        .find_map(|line| line.strip_prefix("db_file_bytes "))
        .unwrap();
    assert!(bytes.parse::<u64>().unwrap() > 4_096, "{bytes}");
}
