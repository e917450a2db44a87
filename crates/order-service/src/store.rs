//! The store that the configuration chose, behind what the binary itself needs of one.

use crate::config::Config;
use adapter_sqlite::SqliteStore;
use async_trait::async_trait;
use order_core::ports::{EventFeed, OrderStore, StoreError};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// An open store: the ports for the application, and a handle for whoever runs it.
pub(crate) struct OpenStore {
    pub(crate) orders: Arc<dyn OrderStore>,
    pub(crate) feed: Arc<dyn EventFeed>,
    pub(crate) handle: Arc<dyn StoreHandle>,
}

/// What running a store takes, whichever it is.
#[async_trait]
pub(crate) trait StoreHandle: Send + Sync {
    /// What it is and where, for people; no secrets.
    fn describe(&self) -> String;

    /// Whether it answers, and takes changes.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Writes what it has accepted, and lets go.
    async fn close(&self) -> Result<(), StoreError>;

    /// Adds its metrics.
    fn register_metrics(&self, registry: &mut Registry);
}

/// Opens the store.
pub(crate) async fn open(config: &Config) -> Result<OpenStore, String> {
    let sqlite = sqlite_config(config);
    let store = SqliteStore::open(sqlite)
        .await
        .map_err(|error| error.to_string())?;
    let store = Arc::new(Sqlite {
        store,
        description: describe(config),
    });
    Ok(OpenStore {
        orders: Arc::new(store.store.clone()),
        feed: Arc::new(store.store.clone()),
        handle: store,
    })
}

/// Brings the schema up to date.
pub(crate) async fn migrate(config: &Config) -> Result<(), String> {
    let applied = adapter_sqlite::migrate(&sqlite_config(config)).await;
    applied.map(drop).map_err(|error| error.to_string())
}

/// What the store is and where, before it is open.
pub(crate) fn describe(config: &Config) -> String {
    format!("SQLite in {}", config.database.display())
}

fn sqlite_config(config: &Config) -> adapter_sqlite::Config {
    adapter_sqlite::Config {
        max_queued_changes: config.store_max_queued_changes,
        ..adapter_sqlite::Config::at(&config.database)
    }
}

struct Sqlite {
    store: SqliteStore,
    description: String,
}

#[async_trait]
impl StoreHandle for Sqlite {
    fn describe(&self) -> String {
        self.description.clone()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }

    fn register_metrics(&self, registry: &mut Registry) {
        self.store.register_metrics(registry);
    }
}
