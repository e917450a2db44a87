//! The callers' side of a store: hands changes and loads to the batchers, waits no longer than it may,
//! and says in the port's words what became of them.

use crate::bounds::{Bounds, Place};
use crate::job::{Answer, Job, RepairStep};
use crate::loads::Loaded;
use crate::metrics::register_gauge;
use crate::prepare::Prepared;
use crate::progress::Progress;
use group_commit::{ConfigError, Flush, GroupCommit, Rejected, SubmitError};
use order_core::domain::{Order, OrderRef, Timestamp};
use order_core::ports::{Change, Committed, FeedToken, StoreError};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The batcher of changes and the batcher of loads. `W` writes and `L` loads, each on a connection of its
/// own. When this is dropped, what was accepted is still written.
pub struct Batchers<W: Flush, L: Flush> {
    commits: GroupCommit<W>,
    loads: GroupCommit<L>,
    progress: Arc<Progress>,
    bounds: Bounds,
    place: Place,
}

/// What happened so far.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The batcher of changes.
    pub commits: group_commit::Stats,
    /// The batcher of loads.
    pub loads: group_commit::Stats,
    /// The newest position of each feed partition that is known here; other replicas may be further.
    pub newest: FeedToken,
    /// Why the last commit failed, if it did.
    pub last_failure: Option<StoreError>,
}

impl<W, L> Batchers<W, L>
where
    W: Flush<Item = Job, Output = Answer, Error = StoreError>,
    L: Flush<Item = OrderRef, Output = Loaded, Error = StoreError>,
{
    /// Starts one task for each writer and each loader, on the tokio runtime around this call. The
    /// writers tell `progress` of each batch.
    pub fn start(
        place: Place,
        bounds: Bounds,
        progress: Arc<Progress>,
        writers: impl IntoIterator<Item = W>,
        loaders: impl IntoIterator<Item = L>,
    ) -> Result<Batchers<W, L>, ConfigError> {
        Ok(Batchers {
            commits: GroupCommit::start(bounds.commits(), writers)?,
            loads: GroupCommit::start(bounds.loads(), loaders)?,
            progress,
            bounds,
            place,
        })
    }

    /// `OrderStore::commit`.
    pub async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        let prepared = Box::new(Prepared::new(change)?);
        let weight_bytes = prepared.weight_bytes();
        match self.submit(Job::Change(prepared), weight_bytes).await? {
            Answer::Change(committed) => Ok(committed),
            Answer::Buried(_) | Answer::Repaired(_) | Answer::Probed => Err(self.mixed_up()),
        }
    }

    /// `OrderStore::load` and `OrderStore::load_external`.
    pub async fn load(&self, order: OrderRef) -> Result<Option<Arc<Order>>, StoreError> {
        let limit = self.bounds.read_timeout;
        match tokio::time::timeout(limit, self.loads.submit(order, 0)).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => Err(self.submit_error(error)),
            Err(_) => Err(self.unavailable(&format!(
                "no answer to a load within {} ms: look at {}",
                limit.as_millis(),
                self.place.behind_slow_loads
            ))),
        }
    }

    /// `OrderStore::bury_parked`.
    pub async fn bury(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        match self.submit(Job::Bury(before, limit), 0).await? {
            Answer::Buried(count) => Ok(count),
            Answer::Change(_) | Answer::Repaired(_) | Answer::Probed => Err(self.mixed_up()),
        }
    }

    /// `Repair::keep`, `Repair::note` and `Repair::discard`.
    pub async fn repair(&self, step: RepairStep) -> Result<bool, StoreError> {
        let weight_bytes = step.weight_bytes();
        match self
            .submit(Job::Repair(Box::new(step)), weight_bytes)
            .await?
        {
            Answer::Repaired(changed) => Ok(changed),
            Answer::Change(_) | Answer::Buried(_) | Answer::Probed => Err(self.mixed_up()),
        }
    }

    /// Tells if writing fails. After a failed commit it tries one small write, so that a store that
    /// refuses changes finds out by itself when it can go on.
    pub async fn probe(&self) -> Result<(), StoreError> {
        if self.progress.last_failure().is_some() {
            self.submit(Job::Probe, 0).await?;
        }
        Ok(())
    }

    /// Refuses what comes from now on, and returns when what was accepted is written and answered. How
    /// long it may take is the caller's to bound.
    pub async fn close(&self) {
        self.commits.close().await;
        self.loads.close().await;
    }

    /// What happened so far; `newest` is where the feed stands.
    pub fn stats(&self, newest: FeedToken) -> Stats {
        Stats {
            commits: self.commits.stats(),
            loads: self.loads.stats(),
            newest,
            last_failure: self.progress.last_failure(),
        }
    }

    /// Shows in `registry` what every store counts.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.progress.register_metrics(registry);
        let commits = self.commits.clone();
        register_gauge(
            registry,
            "db_queue_changes",
            "Changes that wait to be written",
            None,
            move || i64::try_from(commits.stats().queued_items).unwrap_or(i64::MAX),
        );
        let most = i64::try_from(self.bounds.max_queued_changes).unwrap_or(i64::MAX);
        register_gauge(
            registry,
            "db_queue_max_changes",
            "Changes that may wait to be written; one more is refused as overloaded",
            None,
            move || most,
        );
    }

    /// The error of a store that does not answer, with the database's name before `what`.
    pub fn unavailable(&self, what: &str) -> StoreError {
        StoreError::Unavailable {
            detail: format!("{}: {what}", self.place.name),
        }
    }

    /// Hands `job` to the writer and waits for its answer, as long as the bounds say.
    async fn submit(&self, job: Job, weight_bytes: usize) -> Result<Answer, StoreError> {
        let limit = self.bounds.commit_timeout;
        match tokio::time::timeout(limit, self.commits.submit(job, weight_bytes)).await {
            Ok(answer) => answer.map_err(|error| self.submit_error(error)),
            Err(_) => Err(self.slow_commit(limit)),
        }
    }

    fn submit_error(&self, error: SubmitError<StoreError>) -> StoreError {
        match error {
            SubmitError::Refused(error) | SubmitError::Failed(error) => error,
            SubmitError::Rejected(Rejected::Full { queued_items, .. }) => {
                let batches = queued_items / self.bounds.max_batch_changes.max(1) + 1;
                StoreError::Overloaded {
                    queued: queued_items,
                    retry_after_millis: self.progress.retry_after_millis(batches),
                }
            }
            other => self.unavailable(&other.to_string()),
        }
    }

    fn slow_commit(&self, limit: Duration) -> StoreError {
        self.unavailable(&format!(
            "the commit took longer than {} ms and goes on without its caller: look at {}",
            limit.as_millis(),
            self.place.behind_slow_commits
        ))
    }

    fn mixed_up(&self) -> StoreError {
        self.unavailable("the answer is of another call")
    }
}

// Not derived, because that would ask writers and loaders to be `Debug` as well.
impl<W: Flush, L: Flush> fmt::Debug for Batchers<W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batchers")
            .field("place", &self.place)
            .field("commits", &self.commits)
            .field("loads", &self.loads)
            .finish_non_exhaustive()
    }
}
