//! Bounds, coalesced loads, and what metrics and probes are told.

use super::{Durable, assert_scraped};
use crate::{Desk, fact, new_order};
use futures_util::future::join_all;
use order_core::ports::{Committed, OrderStore, StoreError};
use std::sync::Arc;

/// A full queue refuses at once and says when to come back.
pub async fn a_full_queue_refuses_at_once_and_says_when_to_come_back<D: Durable>(database: D) {
    let store = database.open(Some(4)).await;
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

/// Callers of one order share one load.
pub async fn loads_of_many_callers_are_few_statements<D: Durable>(database: D) {
    let store = database.open(None).await;
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
    assert_eq!(D::stats(&store).load_batches, 1);
}

/// Commits, batches and events are counted; what was not done made no event.
pub async fn the_metrics_tell_what_happened<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let changes = (0..3).map(|_| store.commit(desk.place(new_order())));
    assert!(join_all(changes).await.iter().all(Result::is_ok));
    let order = desk.placed(&store, new_order()).await;
    desk.recorded(&store, &order, fact::authorized(&order, "pay-1", 1))
        .await;
    // A change that was answered without being done made no event.
    let known = desk.record(&order, fact::authorized(&order, "pay-2", 1));
    assert_eq!(store.commit(known).await, Ok(Committed::VersionConflict));

    assert_scraped::<D>(
        &store,
        &[
            "orders_events_total{type=\"order.placed.v1\"} 4",
            "orders_events_total{type=\"order.payment_changed.v1\"} 1",
            "db_commit_seconds_count 4",
            "db_batch_changes_sum 6.0",
            "db_batch_changes_bucket{le=\"2.0\"} 3",
            "db_queue_changes 0",
            "db_commit_errors_total 0",
        ],
    );
}
