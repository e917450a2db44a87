//! The rules of [`OrderStore`], one room for each part of its
//! contract; `order_store_suite!` runs them all.

pub mod burial;
pub mod commits;
pub mod concurrency;
pub mod deadlines;
pub mod facts;
pub mod fidelity;
pub mod keys;
pub mod lists;
pub mod parking;

use order_core::domain::{Event, Order};
use order_core::ports::{OrderStore, RecordedEvent};
use std::sync::Arc;

/// The store under test: empty, of one feed partition at least.
pub type Store = Arc<dyn OrderStore>;

/// More than any order of the suites has events.
const ALL: usize = 10_000;

/// An order's whole history.
async fn history(store: &Store, order: &Order) -> Vec<RecordedEvent> {
    store.history(order.order_id, 0, ALL).await.unwrap()
}

/// An order's whole history, without positions.
async fn events(store: &Store, order: &Order) -> Vec<Event> {
    history(store, order)
        .await
        .into_iter()
        .map(|recorded| recorded.event)
        .collect()
}

/// The order as it is now.
async fn loaded(store: &Store, order: &Order) -> Arc<Order> {
    store
        .load(order.order_id)
        .await
        .unwrap()
        .expect("the order is stored")
}
