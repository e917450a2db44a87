//! The store that the configuration chose, behind what the binary itself needs of one.

use crate::config::{Config, Database};
use crate::error::StartError;
use adapter_postgres::PostgresStore;
use adapter_sqlite::SqliteStore;
use async_trait::async_trait;
use order_core::ports::{EventFeed, FeedLeases, OrderStore, Repair, StoreError, Tally};
use prometheus_client::registry::Registry;
use std::path::Path;
use std::sync::Arc;
use std::{io, thread};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// An open store: the ports for the application, and a handle for whoever runs it.
pub(crate) struct OpenStore {
    pub(crate) orders: Arc<dyn OrderStore>,
    pub(crate) feed: Arc<dyn EventFeed>,
    pub(crate) leases: Arc<dyn FeedLeases>,
    pub(crate) repair: Arc<dyn Repair>,
    pub(crate) tally: Arc<dyn Tally>,
    pub(crate) handle: Arc<dyn StoreHandle>,
    /// Where its tasks are, unless they are here.
    pub(crate) thread: Option<StoreThread>,
}

/// What running a store takes, whichever it is.
#[async_trait]
pub(crate) trait StoreHandle: Send + Sync {
    /// Whether it answers, and takes changes.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Writes what it has accepted, and lets go.
    async fn close(&self) -> Result<(), StoreError>;

    /// Adds its metrics.
    fn register_metrics(&self, registry: &mut Registry);
}

/// Opens the store.
pub(crate) async fn open(config: &Config) -> Result<OpenStore, String> {
    match &config.database {
        Database::Sqlite(path) => SqliteStore::open(sqlite_config(config, path))
            .await
            .map(OpenStore::of)
            .map_err(|error| error.to_string()),
        Database::Postgres(postgres) => {
            let opening = PostgresStore::open((**postgres).clone());
            let started = StoreThread::start(opening).await;
            let (opened, thread) = started.map_err(StartError::StoreThread)?;
            let store = opened.map_err(|error| error.to_string())?;
            Ok(OpenStore {
                thread: Some(thread),
                ..OpenStore::of(store)
            })
        }
    }
}

/// Brings the schema up to date.
pub(crate) async fn migrate(config: &Config) -> Result<(), String> {
    match &config.database {
        Database::Sqlite(path) => {
            let applied = adapter_sqlite::migrate(&sqlite_config(config, path)).await;
            applied.map(drop).map_err(|error| error.to_string())
        }
        Database::Postgres(postgres) => {
            let applied = adapter_postgres::migrate(postgres).await;
            applied.map(drop).map_err(|error| error.to_string())
        }
    }
}

/// What the store is and where, for people; no secrets.
pub(crate) fn describe(config: &Config) -> String {
    match &config.database {
        Database::Sqlite(path) => format!("SQLite in {}", path.display()),
        Database::Postgres(postgres) => format!(
            "PostgreSQL at {}, database {}",
            postgres.address, postgres.database
        ),
    }
}

fn sqlite_config(config: &Config, path: &Path) -> adapter_sqlite::Config {
    adapter_sqlite::Config {
        max_queued_changes: config.store_max_queued_changes,
        ..adapter_sqlite::Config::at(path)
    }
}

impl OpenStore {
    /// Clones are the same store.
    fn of<S>(store: S) -> OpenStore
    where
        S: OrderStore + EventFeed + FeedLeases + Repair + Tally + StoreHandle + Clone + 'static,
    {
        OpenStore {
            orders: Arc::new(store.clone()),
            feed: Arc::new(store.clone()),
            leases: Arc::new(store.clone()),
            repair: Arc::new(store.clone()),
            tally: Arc::new(store.clone()),
            handle: Arc::new(store),
            thread: None,
        }
    }
}

/// A thread with a runtime for a store's tasks alone: batchers, sessions, relay. What a batch sets off there
/// stays on one core, and the database's answer, for which everybody waits, never queues behind requests.
/// Dropped, the thread ends.
pub(crate) struct StoreThread {
    _open: oneshot::Sender<()>,
}

impl StoreThread {
    /// Starts the thread, and opens the store on it.
    async fn start<T: Send + 'static>(
        opening: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<(T, StoreThread)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (tell, told) = oneshot::channel();
        let (open, closed) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                // Whoever asked may be gone; then so is the other end of `closed`.
                let _ = tell.send(opening.await);
                let _ = closed.await;
            });
        };
        thread::Builder::new().name("store".to_owned()).spawn(run)?;
        let opened = told.await.map_err(io::Error::other)?;
        Ok((opened, StoreThread { _open: open }))
    }
}

#[async_trait]
impl StoreHandle for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        SqliteStore::ping(self).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        SqliteStore::close(self).await
    }

    fn register_metrics(&self, registry: &mut Registry) {
        SqliteStore::register_metrics(self, registry);
    }
}

#[async_trait]
impl StoreHandle for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        PostgresStore::ping(self).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        PostgresStore::close(self).await
    }

    fn register_metrics(&self, registry: &mut Registry) {
        PostgresStore::register_metrics(self, registry);
    }
}
