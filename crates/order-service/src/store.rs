//! The store that the configuration chose, behind what the binary itself needs of one.

use crate::config::{Config, Database};
use adapter_postgres::PostgresStore;
use adapter_sqlite::SqliteStore;
use async_trait::async_trait;
use order_core::ports::{EventFeed, FeedLeases, OrderStore, Repair, StoreError, Tally};
use prometheus_client::registry::Registry;
use std::path::Path;
use std::sync::Arc;

/// An open store: the ports for the application, and a handle for whoever runs it.
pub(crate) struct OpenStore {
    pub(crate) orders: Arc<dyn OrderStore>,
    pub(crate) feed: Arc<dyn EventFeed>,
    pub(crate) leases: Arc<dyn FeedLeases>,
    pub(crate) repair: Arc<dyn Repair>,
    pub(crate) tally: Arc<dyn Tally>,
    pub(crate) handle: Arc<dyn StoreHandle>,
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
        Database::Postgres(postgres) => PostgresStore::open((**postgres).clone())
            .await
            .map(OpenStore::of)
            .map_err(|error| error.to_string()),
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
        }
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
