//! Stores for tests.

use adapter_sqlite::{Config, SqliteStore};
use order_core::ports::{EventFeed, FeedToken, OrderStore, RecordedEvent};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use testkit::suites::event_feed::Feed;

/// More events than any test writes.
pub(crate) const ALL: usize = 1_000_000;

/// A store in a folder of its own, which goes with the guard.
pub(crate) async fn fresh() -> (TempDir, SqliteStore) {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).await;
    (folder, store)
}

/// The store in this folder.
pub(crate) async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(Config::at(folder.join("orders.db")))
        .await
        .unwrap()
}

pub(crate) async fn fresh_store() -> (TempDir, Arc<dyn OrderStore>) {
    let (folder, store) = fresh().await;
    (folder, Arc::new(store))
}

pub(crate) async fn fresh_feed() -> (TempDir, Feed) {
    let (folder, store) = fresh().await;
    let store = Arc::new(store);
    (
        folder,
        Feed {
            store: store.clone(),
            feed: store,
        },
    )
}

pub(crate) async fn all_events(store: &SqliteStore) -> Vec<RecordedEvent> {
    store.read_after(&FeedToken::start(), ALL).await.unwrap()
}
