//! The one writer: owns the writing session and turns each batch into one transaction.
//!
//! The batcher drives it to its end whoever goes away, so nothing is ever cancelled by a caller that
//! hung up. Here stands what is tried when, and when to give up. What comes of a failure stands in `error::kind`.

#[cfg(test)]
mod panics;

use super::alone::Written;
use super::attempt::{Attempts, Failure, Way};
use crate::config::Config;
use crate::connect::Connector;
use crate::error::{Kind, kind, store_error};
use group_commit::{Flush, FlushError};
use order_core::ports::{Change, FactRecord, FeedToken, Leaves, StoreError};
use order_store::{Answer, Job, Progress, announce};
use planes::Backoff;
use prometheus_client::metrics::counter::Counter;
use sqlx::postgres::PgConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// After an assumption that did not hold, so many batches are looked up first: where keys come again,
/// as in a storm of retries, assuming is done in vain.
const WARY_BATCHES: u32 = 16;
/// How often a batch is looked up and written while others write, before it is written alone.
const MAX_LOOKED_UP: u32 = 2;
/// How often it is written alone. Only a fact that another replica remembers can still get in its way.
const MAX_ALONE: u32 = 3;
/// The pauses before a batch is tried again after a deadlock.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What the flusher shares with the store.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) connector: Arc<Connector>,
    pub(crate) progress: Arc<Progress>,
    /// Attempts at a commit after a deadlock or a lost session.
    pub(crate) retries: Counter,
    /// The newest position of each partition that is known here.
    pub(crate) newest: watch::Sender<FeedToken>,
}

impl Shared {
    pub(crate) fn config(&self) -> &Config {
        &self.connector.config
    }
}

/// Writes batches.
pub(crate) struct Flusher {
    shared: Arc<Shared>,
    attempts: Attempts,
    wary_batches: u32,
}

impl Flusher {
    pub(crate) fn new(shared: Arc<Shared>, session: Option<PgConnection>) -> Flusher {
        Flusher {
            attempts: Attempts::new(Arc::clone(&shared.connector), session),
            shared,
            wary_batches: 0,
        }
    }

    /// Tries until it is written, or until there is nothing to gain from another attempt.
    async fn write(&mut self, batch: &[Job]) -> Result<Written, sqlx::Error> {
        let started = Instant::now();
        let mut way = self.first_way(batch);
        let mut unknown = None;
        let mut conflicts = 0;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let was_open = self.attempts.session.is_open();
            let error = match self.attempts.attempt(batch, way, &mut unknown).await {
                Ok(written) => return Ok(written),
                Err(Failure::Dearer) => {
                    way = self.dearer(way);
                    continue;
                }
                Err(Failure::Sql(error)) => error,
            };
            match kind(&error) {
                Kind::Conflict if !matches!(way, Way::Alone(MAX_ALONE..)) => {
                    way = self.dearer(way);
                }
                Kind::Again if conflicts < self.shared.config().max_conflict_retries => {
                    conflicts += 1;
                    self.shared.retries.inc();
                    tokio::time::sleep(backoff.next_delay()).await;
                }
                Kind::Lost => {
                    self.attempts.session.give_up();
                    // A store that was away before this batch came is asked once, so that its callers
                    // are told soon; what is under way is worth finding out about.
                    let hopeless = !was_open && unknown.is_none();
                    if hopeless || started.elapsed() >= self.shared.config().recovery_time {
                        return Err(error);
                    }
                    self.shared.retries.inc();
                    if unknown.is_some() {
                        way = Way::Alone(1);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    fn first_way(&mut self, batch: &[Job]) -> Way {
        if batch.iter().any(needs_to_be_alone) {
            return Way::Alone(1);
        }
        let wary = self.wary_batches > 0;
        self.wary_batches = self.wary_batches.saturating_sub(1);
        if wary || !batch.iter().all(can_be_assumed) {
            Way::LookedUp(1)
        } else {
            Way::Assumed
        }
    }

    fn dearer(&mut self, way: Way) -> Way {
        match way {
            Way::Assumed => {
                self.wary_batches = WARY_BATCHES;
                Way::LookedUp(1)
            }
            Way::LookedUp(times) if times < MAX_LOOKED_UP => Way::LookedUp(times + 1),
            Way::LookedUp(_) => Way::Alone(1),
            Way::Alone(times) => Way::Alone(times + 1),
        }
    }
}

impl Flush for Flusher {
    type Item = Job;
    type Output = Answer;
    type Error = StoreError;
    const NAME: &'static str = "commit";

    async fn flush(&mut self, batch: &[Job]) -> Result<Vec<Answer>, FlushError<StoreError>> {
        let started = Instant::now();
        match self.write(batch).await {
            Ok(written) => {
                announce(&self.shared.newest, written.newest);
                let took = started.elapsed();
                self.shared
                    .progress
                    .committed(batch, &written.answers, took);
                Ok(written.answers)
            }
            Err(error) => {
                let told = store_error(&self.shared.connector.name, "written", &error);
                let progress = &self.shared.progress;
                Err(match kind(&error) {
                    Kind::Refused | Kind::Conflict => progress.refused(told),
                    Kind::Again | Kind::Failed | Kind::Lost => progress.failed(told),
                })
            }
        }
    }

    fn after_panic(&mut self) {
        self.attempts.session.give_up();
    }
}

/// Whether it can be taken for granted that nothing stands against it, and the statement of a batch
/// proves it: new orders, and known ones that move on. The rest has to look first.
fn can_be_assumed(job: &Job) -> bool {
    let Some(prepared) = job.change() else {
        return false;
    };
    match &prepared.change {
        Change::Place { .. } => true,
        Change::Advance { fact, .. } => !fact.as_ref().is_some_and(leaves_somewhere),
        Change::Remember { .. } | Change::Park(_) => false,
    }
}

/// Whether it can only be done while nobody else writes.
fn needs_to_be_alone(job: &Job) -> bool {
    match job.change() {
        Some(prepared) => match &prepared.change {
            Change::Park(_) => true,
            Change::Advance { fact, .. } => fact.as_ref().is_some_and(leaves_somewhere),
            Change::Remember { fact, .. } => leaves_somewhere(fact),
            Change::Place { .. } => false,
        },
        None => true,
    }
}

/// Whether the fact was parked or buried until now.
fn leaves_somewhere(fact: &FactRecord) -> bool {
    fact.leaves != Leaves::Nothing
}
