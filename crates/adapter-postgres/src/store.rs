//! The store as a whole: opened, asked, closed.

use crate::commit::{Flusher, Shared};
use crate::config::Config;
use crate::connect::Connector;
use crate::error::OpenError;
use crate::migrate;
use crate::read::{Loader, Reader};
use async_trait::async_trait;
use group_commit::ConfigError;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, OrderRef, Timestamp};
use order_core::ports::{
    Change, Committed, Due, ListQuery, OrderStore, ParkedFact, RecordedEvent, StoreError,
    StoredFact, StoredRequest,
};
use order_store::{Batchers, Place, Progress, Stats, reads, register_gauge};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// Orders in one PostgreSQL database, which other replicas may share. Clones are the same store.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) batchers: Arc<Batchers<Flusher, Loader>>,
    pub(crate) reader: Reader,
    /// When the counters were looked at last for who waits for the feed.
    pub(crate) looked: Arc<Mutex<Instant>>,
    closed: Arc<AtomicBool>,
}

impl PostgresStore {
    /// Opens the store, on the tokio runtime around this call: connects, and brings the schema up to
    /// date.
    pub async fn open(config: Config) -> Result<PostgresStore, OpenError> {
        let connector = Arc::new(Connector::new(Arc::new(config))?);
        let mut session = connector
            .connect()
            .await
            .map_err(|error| connector.unreachable(&error))?;
        migrate::apply(&mut session, &connector.name).await?;

        let config = &connector.config;
        let reader = Reader::new(Arc::clone(&connector));
        let newest = reader.heads().await.map_err(|error| OpenError::Database {
            detail: error.to_string(),
        })?;
        let progress = Arc::new(Progress::default());
        let shared = Arc::new(Shared {
            connector: Arc::clone(&connector),
            progress: Arc::clone(&progress),
            retries: Counter::default(),
            newest: watch::Sender::new(newest),
        });
        let mut first = Some(session);
        let flushers =
            (0..config.write_connections).map(|_| Flusher::new(Arc::clone(&shared), first.take()));
        let loaders = (0..config.load_connections).map(|_| Loader::new(Arc::clone(&connector)));
        let place = Place {
            name: connector.name.clone(),
            behind_slow_commits: "the database's load, locks and disk",
            behind_slow_loads: "the database and the way to it",
        };
        let batchers = Batchers::start(place, config.bounds(), progress, flushers, loaders);
        let useless = |error: ConfigError| OpenError::Config {
            detail: error.to_string(),
        };
        Ok(PostgresStore {
            batchers: Arc::new(batchers.map_err(useless)?),
            reader,
            looked: Arc::new(Mutex::new(Instant::now())),
            closed: Arc::default(),
            shared,
        })
    }

    /// Refuses what comes from now on, writes what was accepted, and ends the sessions. How long it
    /// may take is the caller's to bound.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        self.batchers.close().await;
        self.reader.close().await;
        Ok(())
    }

    /// Proves that the database answers, and tells if writing fails. After a failed commit it tries
    /// one small write, so that a store that refuses changes finds out by itself when it can go on.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.ping().await?;
        self.batchers.probe().await
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.batchers.stats(self.shared.newest.borrow().clone())
    }

    /// Shows the store's metrics in `registry`.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.batchers.register_metrics(registry);
        registry.register(
            "db_commit_retries",
            "Attempts at a commit after a deadlock or a lost session",
            self.shared.retries.clone(),
        );
        let sessions = self.reader.pool();
        register_gauge(
            registry,
            "db_read_sessions",
            "Sessions of lists, histories and the feed that are open",
            None,
            move || i64::from(sessions.size()),
        );
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

#[async_trait]
impl OrderStore for PostgresStore {
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
