//! Stores for tests.

use adapter_sqlite::{Config, SqliteStore};
use order_core::ports::{EventFeed, FeedToken, OrderStore, RecordedEvent, StoreError};
use prometheus_client::registry::Registry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use testkit::suites::durable_store::{Durable, Stats};
use testkit::suites::event_feed::Feed;
use testkit::suites::feed_leases::Leases;
use testkit::suites::repair::Kept;

/// More events than any test writes.
pub(crate) const ALL: usize = 1_000_000;

/// A folder for one file, and the stores on it.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(TempDir::new().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("orders.db")
    }
}

impl Durable for Folder {
    type Store = SqliteStore;

    async fn open(&self, max_queued_changes: Option<usize>) -> SqliteStore {
        let mut config = Config::at(self.file());
        config.max_queued_changes = max_queued_changes.unwrap_or(config.max_queued_changes);
        SqliteStore::open(config).await.unwrap()
    }

    async fn close(store: &SqliteStore) -> Result<(), StoreError> {
        store.close().await
    }

    fn stats(store: &SqliteStore) -> Stats {
        let stats = store.stats();
        Stats {
            commit_batches: stats.commits.batches,
            load_batches: stats.loads.batches,
            last_failure: stats.last_failure,
        }
    }

    fn register_metrics(store: &SqliteStore, registry: &mut Registry) {
        store.register_metrics(registry);
    }
}

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

pub(crate) async fn fresh_kept() -> (TempDir, Kept) {
    let (folder, store) = fresh().await;
    (folder, Kept::of(store))
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

pub(crate) async fn fresh_leases() -> (TempDir, Leases) {
    let (folder, store) = fresh().await;
    let store = Arc::new(store);
    let leases = Leases {
        store: store.clone(),
        leases: store,
    };
    (folder, leases)
}

pub(crate) async fn all_events(store: &SqliteStore) -> Vec<RecordedEvent> {
    store.read_after(&FeedToken::start(), ALL).await.unwrap()
}
