//! The one writer: owns the writing connection and turns each batch into one transaction.
//!
//! The batcher drives it to its end whoever goes away, so a transaction is never left half-way by a
//! caller that hung up. It never retries: what failed is told, and the next batch tries anew.

use super::known;
use super::moves::bury;
use super::repair;
use super::rows::Plan;
use super::write::{Texts, commit, write};
use crate::config::Config;
use crate::connect;
use crate::error::{is_refusal, store_error};
use crate::heads::{HEADS, head};
use crate::lock::Lock;
use group_commit::{Flush, FlushError};
use order_core::ports::{FeedPosition, FeedToken, StoreError};
use order_store::{Answer, Job, Progress, announce, decide};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnection;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// What the flusher shares with the store.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) progress: Arc<Progress>,
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
        let changes = batch.iter().filter_map(Job::change);
        let (mut known, heads) = known::look_up(connection, changes).await?;
        let mut plan = Plan {
            heads,
            ..Plan::default()
        };
        let mut answers = decide(batch, &mut known, &mut plan);
        let more = batch.iter().any(|job| !matches!(job, Job::Change(_)));
        write(connection, &mut self.texts, &plan, !more).await?;
        if more {
            for (job, answer) in batch.iter().zip(&mut answers) {
                match job {
                    Job::Change(_) => {}
                    Job::Bury(before, limit) => {
                        *answer = Answer::Buried(bury(connection, *before, *limit).await?);
                    }
                    Job::Repair(step) => {
                        *answer = Answer::Repaired(repair::take(connection, step).await?);
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
}

impl Flush for Flusher {
    type Item = Job;
    type Output = Answer;
    type Error = StoreError;
    const NAME: &'static str = "commit";

    async fn flush(&mut self, batch: &[Job]) -> Result<Vec<Answer>, FlushError<StoreError>> {
        let started = Instant::now();
        match self.transact(batch).await {
            Ok((answers, positions)) => {
                announce(&self.newest, positions);
                let took = started.elapsed();
                self.shared.progress.committed(batch, &answers, took);
                Ok(answers)
            }
            Err(error) => {
                self.undo().await;
                let told = store_error(&self.shared.config.path, "written", &error);
                let progress = &self.shared.progress;
                Err(if is_refusal(&error) {
                    progress.refused(told)
                } else {
                    progress.failed(told)
                })
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
    let rows: Vec<i64> = sqlx::query_scalar(HEADS).fetch_all(connection).await?;
    Ok(head(rows))
}
