//! The one writer: owns the writing connection and turns each batch into one transaction.
//!
//! The batcher drives it to its end whoever goes away, so a transaction is never left half-way by a
//! caller that hung up. It never retries: what failed is told, and the next batch tries anew.

use super::decide::decide;
use super::known::Known;
use super::prepare::Prepared;
use super::rows::Plan;
use super::write::{Texts, bury, commit, write};
use crate::config::Config;
use crate::connect;
use crate::error::{is_refusal, store_error};
use crate::health::Health;
use crate::lock::Lock;
use crate::metrics::Metrics;
use crate::position::head;
use group_commit::{Flush, FlushError};
use order_core::domain::Timestamp;
use order_core::ports::{Change, Committed, FeedPosition, FeedToken, StoreError};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnection;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// What waits to be written.
#[derive(Debug)]
pub(crate) enum Job {
    /// One change.
    Change(Box<Prepared>),
    /// Facts parked before this time go to the dead letters, so many at most.
    Bury(Timestamp, usize),
    /// One small write, to learn whether writing works.
    Probe,
}

/// What became of a [`Job`].
#[derive(Debug)]
pub(crate) enum Answer {
    Change(Committed),
    Buried(u64),
    Probed,
}

/// What the flusher shares with the store.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) lock: Lock,
    /// The writing connection of a flusher that has ended, so that closing can end it properly.
    pub(crate) last_connection: Mutex<Option<SqliteConnection>>,
}

/// Writes batches.
pub(crate) struct Flusher {
    shared: Arc<Shared>,
    /// None after a failure that it may not have survived; opened again for the next batch.
    connection: Option<SqliteConnection>,
    texts: Texts,
    newest: watch::Sender<FeedToken>,
}

impl Flusher {
    pub(crate) fn new(
        shared: Arc<Shared>,
        connection: SqliteConnection,
        newest: watch::Sender<FeedToken>,
    ) -> Flusher {
        Flusher {
            shared,
            connection: Some(connection),
            texts: Texts::default(),
            newest,
        }
    }

    async fn transact(&mut self, batch: &[Job]) -> sqlx::Result<(Vec<Answer>, Vec<FeedPosition>)> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect::writer(&self.shared.config).connect().await?),
        };
        let changes = batch.iter().filter_map(|job| match job {
            Job::Change(prepared) => Some(&**prepared),
            Job::Bury(..) | Job::Probe => None,
        });
        let mut known = Known::look_up(connection, changes.clone()).await?;
        let mut plan = Plan::default();
        let mut decided = changes.map(|prepared| decide(prepared, &mut known, &mut plan));
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            answers.push(match job {
                Job::Change(_) => {
                    Answer::Change(decided.next().unwrap_or(Committed::VersionConflict))
                }
                Job::Bury(..) => Answer::Buried(0),
                Job::Probe => Answer::Probed,
            });
        }
        drop(decided);
        let more = batch.iter().any(|job| !matches!(job, Job::Change(_)));
        write(connection, &mut self.texts, &plan, !more).await?;
        if more {
            for (job, answer) in batch.iter().zip(&mut answers) {
                match job {
                    Job::Change(_) => {}
                    Job::Bury(before, limit) => {
                        *answer = Answer::Buried(bury(connection, *before, *limit).await?);
                    }
                    Job::Probe => probe(connection).await?,
                }
            }
            commit(connection).await?;
        }
        Ok((
            answers,
            plan.events.iter().map(|row| row.position).collect(),
        ))
    }

    /// Leaves no transaction open: on a connection that cannot even do that, nothing can be relied on.
    async fn undo(&mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        // SQLite rolls back by itself after some errors; then this one says that there is nothing to do.
        let rolled_back = sqlx::query("ROLLBACK").execute(&mut *connection).await;
        let nothing_open = |error: &sqlx::Error| {
            error
                .as_database_error()
                .is_some_and(|error| error.message().contains("no transaction"))
        };
        if rolled_back.is_err_and(|error| !nothing_open(&error)) {
            self.connection = None;
        }
    }

    fn committed(
        &self,
        batch: &[Job],
        answers: &[Answer],
        positions: &[FeedPosition],
        started: Instant,
    ) {
        if !positions.is_empty() {
            self.newest
                .send_modify(|newest| positions.iter().for_each(|at| newest.advance(*at)));
        }
        self.shared.health.committed(started.elapsed());
        self.shared
            .metrics
            .committed(batch.len(), started.elapsed());
        for (job, answer) in batch.iter().zip(answers) {
            if let (Job::Change(prepared), Answer::Change(Committed::Done { .. })) = (job, answer)
                && let Change::Place { events, .. } | Change::Advance { events, .. } =
                    &prepared.change
            {
                for event in events {
                    self.shared.metrics.event(event.data.type_name());
                }
            }
        }
    }
}

impl Flush for Flusher {
    type Item = Job;
    type Output = Answer;
    type Error = StoreError;

    async fn flush(&mut self, batch: &[Job]) -> Result<Vec<Answer>, FlushError<StoreError>> {
        let started = Instant::now();
        match self.transact(batch).await {
            Ok((answers, positions)) => {
                self.committed(batch, &answers, &positions, started);
                Ok(answers)
            }
            Err(error) => {
                self.undo().await;
                let told = store_error(&self.shared.config.path, "written", &error);
                self.shared.metrics.failed();
                if is_refusal(&error) {
                    return Err(FlushError::Refused(told));
                }
                self.shared.health.failed(&told);
                Err(FlushError::Failed(told))
            }
        }
    }

    fn after_panic(&mut self) {
        self.connection = None;
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        let mut last = self
            .shared
            .last_connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = self.connection.take();
    }
}

async fn probe(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    const PROBE: &str = "INSERT INTO write_probe (id, probes) VALUES (1, 1) \
        ON CONFLICT (id) DO UPDATE SET probes = probes + 1";
    sqlx::query(PROBE).execute(connection).await.map(drop)
}

/// The newest position of each partition, as the file has it.
pub(crate) async fn heads(connection: &mut SqliteConnection) -> sqlx::Result<FeedToken> {
    let rows: Vec<i64> = sqlx::query_scalar(crate::position::HEADS)
        .fetch_all(connection)
        .await?;
    Ok(head(rows))
}
