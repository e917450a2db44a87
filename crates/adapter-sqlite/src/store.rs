//! The store as a whole: opened, asked, closed.

use crate::commit::{Answer, Flusher, Job, Prepared, Shared, heads};
use crate::config::Config;
use crate::error::OpenError;
use crate::health::Health;
use crate::lock::Lock;
use crate::metrics::Metrics;
use crate::read::{Loader, Reader};
use crate::{connect, folder, migrate};
use async_trait::async_trait;
use group_commit::{GroupCommit, Rejected, SubmitError};
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Committed, FeedToken, ListQuery, OrderStore, ParkedFact, RecordedEvent, StoreError,
    StoredFact, StoredRequest,
};
use prometheus_client::registry::Registry;
use sqlx::{ConnectOptions, Connection};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Orders in one SQLite file. Clones are the same store.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) commits: GroupCommit<Flusher>,
    pub(crate) loads: GroupCommit<Loader>,
    pub(crate) reader: Reader,
    pub(crate) newest: watch::Receiver<FeedToken>,
}

/// What happened so far.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The batcher of changes.
    pub commits: group_commit::Stats,
    /// The batcher of loads.
    pub loads: group_commit::Stats,
    /// The newest position of each feed partition.
    pub newest: FeedToken,
    /// Why the last commit failed, if it did.
    pub last_failure: Option<StoreError>,
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
        let shared = Arc::new(Shared {
            config: Arc::clone(&config),
            metrics: Metrics::new(),
            health: Health::default(),
            lock,
            last_connection: Mutex::new(None),
        });
        let useless = |error: group_commit::ConfigError| OpenError::Config {
            detail: error.to_string(),
        };
        let flusher = Flusher::new(Arc::clone(&shared), connection, newest);
        let loaders = (0..config.load_connections).map(|_| Loader::new(Arc::clone(&config)));
        Ok(SqliteStore {
            commits: GroupCommit::start(config.commits(), [flusher]).map_err(useless)?,
            loads: GroupCommit::start(config.loads(), loaders).map_err(useless)?,
            reader: Reader::new(config),
            newest: newest_seen,
            shared,
        })
    }

    /// Refuses what comes from now on, writes what was accepted, moves the write-ahead log into the
    /// file, and lets the next process in. How long it may take is the caller's to bound.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.commits.close().await;
        self.loads.close().await;
        self.reader.close().await;
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
        if self.shared.health.last_failure().is_some() {
            self.submit(Job::Probe, 0).await?;
        }
        Ok(())
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        Stats {
            commits: self.commits.stats(),
            loads: self.loads.stats(),
            newest: self.newest.borrow().clone(),
            last_failure: self.shared.health.last_failure(),
        }
    }

    /// Shows the store's metrics in `registry`.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.shared
            .metrics
            .register(registry, &self.shared.config.path, self.commits.clone());
    }

    /// Hands `job` to the writer and waits for its answer, as long as the configuration says.
    async fn submit(&self, job: Job, weight_bytes: usize) -> Result<Answer, StoreError> {
        let limit = self.shared.config.commit_timeout;
        match tokio::time::timeout(limit, self.commits.submit(job, weight_bytes)).await {
            Ok(answer) => answer.map_err(|error| self.submit_error(error)),
            Err(_) => Err(self.unavailable(&format!(
                "the commit took longer than {} ms and goes on without its caller: look at the disk",
                limit.as_millis()
            ))),
        }
    }

    fn submit_error(&self, error: SubmitError<StoreError>) -> StoreError {
        match error {
            SubmitError::Refused(error) | SubmitError::Failed(error) => error,
            SubmitError::Rejected(Rejected::Full { queued_items, .. }) => {
                let batches = queued_items / self.shared.config.max_batch_changes.max(1) + 1;
                StoreError::Overloaded {
                    queued: queued_items,
                    retry_after_millis: self.shared.health.retry_after_millis(batches),
                }
            }
            other => self.unavailable(&other.to_string()),
        }
    }

    pub(crate) fn unavailable(&self, what: &str) -> StoreError {
        StoreError::Unavailable {
            detail: format!("{}: {what}", self.shared.config.path.display()),
        }
    }
}

#[async_trait]
impl OrderStore for SqliteStore {
    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        let prepared = Box::new(Prepared::new(change)?);
        let weight_bytes = prepared.weight_bytes();
        match self.submit(Job::Change(prepared), weight_bytes).await? {
            Answer::Change(committed) => Ok(committed),
            Answer::Buried(_) | Answer::Probed => {
                Err(self.unavailable("the answer is of another call"))
            }
        }
    }

    async fn load(&self, order_id: OrderId) -> Result<Option<Arc<Order>>, StoreError> {
        let limit = self.shared.config.read_timeout;
        match tokio::time::timeout(limit, self.loads.submit(order_id, 0)).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => Err(self.submit_error(error)),
            Err(_) => Err(self.unavailable(&format!(
                "no answer to a load within {} ms: look at the disk",
                limit.as_millis()
            ))),
        }
    }

    async fn load_at(
        &self,
        order_id: OrderId,
        version: u64,
    ) -> Result<Option<Arc<Order>>, StoreError> {
        self.reader.load_at(order_id, version).await
    }

    async fn find_external(&self, external_id: &str) -> Result<Option<OrderId>, StoreError> {
        self.reader.find_external(external_id).await
    }

    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError> {
        self.reader.find_request(key).await
    }

    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        self.reader.find_fact(key).await
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
        self.reader.history(order_id, after_version, limit).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<OrderId>, StoreError> {
        self.reader.due(now, limit).await
    }

    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        self.reader.parked_ready(limit).await
    }

    async fn parked_for(
        &self,
        order_id: OrderId,
        limit: usize,
    ) -> Result<Vec<ParkedFact>, StoreError> {
        self.reader.parked_for(order_id, limit).await
    }

    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        match self.submit(Job::Bury(before, limit), 0).await? {
            Answer::Buried(count) => Ok(count),
            Answer::Change(_) | Answer::Probed => {
                Err(self.unavailable("the answer is of another call"))
            }
        }
    }
}
