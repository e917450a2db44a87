//! The store as a whole: opened, asked, closed.

use crate::commit::{Flusher, Shared, heads};
use crate::config::Config;
use crate::error::OpenError;
use crate::leases::Notes;
use crate::lock::Lock;
use crate::read::{Loader, Reader};
use crate::{connect, folder, migrate};
use async_trait::async_trait;
use group_commit::ConfigError;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, OrderRef, Timestamp};
use order_core::ports::{
    Change, Committed, Due, FeedToken, ListQuery, OrderStore, ParkedFact, RecordedEvent,
    StoreError, StoredFact, StoredRequest,
};
use order_store::{Batchers, Place, Progress, Stats, reads, register_gauge};
use prometheus_client::registry::{Registry, Unit};
use sqlx::{ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Orders in one SQLite file. Clones are the same store.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) batchers: Arc<Batchers<Flusher, Loader>>,
    pub(crate) reader: Reader,
    pub(crate) newest: watch::Receiver<FeedToken>,
    pub(crate) notes: Arc<Notes>,
}

impl SqliteStore {
    /// Opens the store, on the tokio runtime around this call: makes folder and file where they are
    /// missing, locks it against other processes, and brings its schema up to date.
    pub async fn open(config: Config) -> Result<SqliteStore, OpenError> {
        folder::make(&config.path)?;
        let lock = Lock::take(&config.path)?;
        let failed = |error| OpenError::database(&config.path, "opened", &error);
        let mut connection = connect::writer(&config).connect().await.map_err(failed)?;
        migrate::apply(&mut connection, &config.path).await?;
        let newest = heads(&mut connection).await.map_err(failed)?;

        let (newest, newest_seen) = watch::channel(newest);
        let config = Arc::new(config);
        let progress = Arc::new(Progress::default());
        let shared = Arc::new(Shared {
            config: Arc::clone(&config),
            progress: Arc::clone(&progress),
            lock,
            last_connection: Mutex::new(None),
        });
        let flusher = Flusher::new(Arc::clone(&shared), connection, newest);
        let loaders = (0..config.load_connections).map(|_| Loader::new(Arc::clone(&config)));
        let place = Place {
            name: config.path.display().to_string(),
            behind_slow_commits: "the disk",
            behind_slow_loads: "the disk",
        };
        let batchers = Batchers::start(place, config.bounds(), progress, [flusher], loaders);
        let useless = |error: ConfigError| OpenError::Config {
            detail: error.to_string(),
        };
        Ok(SqliteStore {
            batchers: Arc::new(batchers.map_err(useless)?),
            reader: Reader::new(config),
            newest: newest_seen,
            notes: Arc::default(),
            shared,
        })
    }

    /// Refuses what comes from now on, writes what was accepted, moves the write-ahead log into the
    /// file, and lets the next process in. How long it may take is the caller's to bound.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.batchers.close().await;
        self.reader.close().await;
        self.notes.close().await;
        let last = {
            let mut last = self
                .shared
                .last_connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            last.take()
        };
        // The last connection that closes moves the log into the file and deletes it.
        let closed = match last {
            Some(connection) => connection.close().await,
            None => Ok(()),
        };
        self.shared.lock.release();
        closed
            .map_err(|error| crate::error::store_error(&self.shared.config.path, "closed", &error))
    }

    /// Proves that the file can be read, and tells if writing fails. After a failed commit it tries
    /// one small write, so that a store that refuses changes finds out by itself when it can go on.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.ping().await?;
        self.batchers.probe().await
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.batchers.stats(self.newest.borrow().clone())
    }

    /// Shows the store's metrics in `registry`.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.batchers.register_metrics(registry);
        let path = self.shared.config.path.clone();
        let wal = wal(&path);
        register_gauge(
            registry,
            "db_file",
            "Size of the database file and its write-ahead log",
            Some(Unit::Bytes),
            move || file_bytes(&path).saturating_add(file_bytes(&wal)),
        );
    }
}

#[async_trait]
impl OrderStore for SqliteStore {
    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.batchers.commit(change).await
    }

    async fn load(&self, order_id: OrderId) -> Result<Option<Arc<Order>>, StoreError> {
        self.batchers.load(OrderRef::Id(order_id)).await
    }

    async fn load_at(
        &self,
        order_id: OrderId,
        version: u64,
    ) -> Result<Option<Arc<Order>>, StoreError> {
        reads::load_at(&self.reader, order_id, version).await
    }

    async fn load_external(&self, external_id: &str) -> Result<Option<Arc<Order>>, StoreError> {
        let order = OrderRef::External(external_id.to_owned());
        self.batchers.load(order).await
    }

    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError> {
        reads::find_request(&self.reader, key).await
    }

    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        reads::find_fact(&self.reader, key).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        self.reader.list(query).await
    }

    async fn history(
        &self,
        order_id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reads::history(&self.reader, order_id, after_version, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        reads::now(&self.reader).await
    }

    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        reads::due(&self.reader, limit).await
    }

    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        reads::parked_ready(&self.reader, limit).await
    }

    async fn parked_for(
        &self,
        order_id: OrderId,
        limit: usize,
    ) -> Result<Vec<ParkedFact>, StoreError> {
        reads::parked_for(&self.reader, order_id, limit).await
    }

    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.batchers.bury(before, limit).await
    }
}

fn file_bytes(path: &Path) -> i64 {
    std::fs::metadata(path).map_or(0, |file| i64::try_from(file.len()).unwrap_or(i64::MAX))
}

fn wal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
