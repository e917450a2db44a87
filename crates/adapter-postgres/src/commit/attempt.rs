//! One attempt at a batch, in one of three ways: *assumed* (nothing is looked up), *looked up*, and
//! *alone* (nobody else writes meanwhile). Each is one transaction.

use super::alone::{self, Unknown, Written, all_done};
use super::known;
use super::marker::Marker;
use super::plan::Plan;
use super::session::Session;
use super::statement::{self, Texts};
use crate::connect::Connector;
use crate::error::{Kind, kind};
use order_store::{Answer, Job, decide};
use sqlx::postgres::PgConnection;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Counters of partitions that are written to for the first time.
const MAKE_COUNTERS: &str = "INSERT INTO feed SELECT DISTINCT p, 0 FROM unnest($1::int2[]) p \
    ORDER BY p ON CONFLICT DO NOTHING";

/// The ways to write a batch, from the cheapest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Assumed,
    LookedUp(u32),
    Alone(u32),
}

/// Why an attempt came to nothing.
pub(crate) enum Failure {
    /// An assumption did not hold, or the change is of a kind that needs a dearer way.
    Dearer,
    /// PostgreSQL says so.
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Sql(error)
    }
}

/// A writer's session and what it has learnt.
pub(crate) struct Attempts {
    pub(crate) session: Session,
    texts: Texts,
    /// Partitions that have a counter.
    counters: HashSet<u16>,
    /// PostgreSQL ends a statement by itself; this is for the answer that does not come.
    answer_limit: Duration,
}

impl Attempts {
    pub(crate) fn new(connector: Arc<Connector>, session: Option<PgConnection>) -> Attempts {
        Attempts {
            answer_limit: connector.config.statement_timeout + connector.config.answer_grace,
            session: Session::new(connector, session),
            texts: Texts::default(),
            counters: HashSet::new(),
        }
    }

    /// One attempt. Where it is lost while the statement that commits runs, `unknown` says what to look
    /// for.
    pub(crate) async fn attempt(
        &mut self,
        batch: &[Job],
        way: Way,
        unknown: &mut Option<Unknown>,
    ) -> Result<Written, Failure> {
        let mut plan = Plan::default();
        match way {
            Way::Alone(_) => self.attempt_alone(batch, &mut plan, unknown).await,
            Way::Assumed | Way::LookedUp(_) => {
                let (limit, looks) = (self.answer_limit, way != Way::Assumed);
                let changes = batch.iter().filter_map(Job::change);
                let mut known = if looks {
                    let look_up =
                        async |session: &mut PgConnection| known::look_up(session, changes).await;
                    self.session.within(limit, look_up).await?
                } else {
                    known::assumed(changes)
                };
                let answers = decide(batch, &mut known, &mut plan);
                drop(known);
                if !plan.parking.is_untouched() || !(looks || all_done(&answers)) {
                    return Err(Failure::Dearer);
                }
                self.statement(answers, &mut plan, unknown).await
            }
        }
    }

    async fn statement(
        &mut self,
        answers: Vec<Answer>,
        plan: &mut Plan<'_>,
        unknown: &mut Option<Unknown>,
    ) -> Result<Written, Failure> {
        self.make_counters(plan).await?;
        plan.sort();
        let limit = self.answer_limit;
        // Whatever fails before the statement is sent leaves nothing to find out.
        self.session.get().await?;
        let (texts, rows) = (&mut self.texts, &*plan);
        let write =
            async |session: &mut PgConnection| statement::write(session, texts, rows, false).await;
        match self.session.within(limit, write).await {
            Ok(newest) => Ok(Written { answers, newest }),
            Err(error) => {
                if kind(&error) == Kind::Lost {
                    let marker = Marker::of(plan);
                    *unknown = Some(Unknown { marker, answers });
                }
                Err(error.into())
            }
        }
    }

    async fn attempt_alone<'a>(
        &mut self,
        batch: &'a [Job],
        plan: &mut Plan<'a>,
        unknown: &mut Option<Unknown>,
    ) -> Result<Written, Failure> {
        let limit = self.answer_limit;
        let begin =
            async |session: &mut PgConnection| alone::begin(session, unknown.as_ref()).await;
        let written = match self.session.within(limit, begin).await {
            Ok(true) => Ok(None),
            Ok(false) => {
                self.make_counters_of(batch.iter().filter_map(partition_of))
                    .await?;
                let texts = &mut self.texts;
                let write = async |session: &mut PgConnection| {
                    alone::write(session, texts, batch, plan).await.map(Some)
                };
                self.session.within(limit, write).await
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(Some(written)) => self.commit(written, plan, unknown).await,
            Ok(None) => {
                self.roll_back().await;
                let answers = unknown.take().map(|unknown| unknown.answers);
                Ok(Written {
                    answers: answers.unwrap_or_default(),
                    newest: Vec::new(),
                })
            }
            Err(error) => {
                if kind(&error) != Kind::Lost {
                    self.roll_back().await;
                }
                Err(error.into())
            }
        }
    }

    async fn commit(
        &mut self,
        written: Written,
        plan: &Plan<'_>,
        unknown: &mut Option<Unknown>,
    ) -> Result<Written, Failure> {
        let commit = async |session: &mut PgConnection| {
            sqlx::raw_sql("COMMIT").execute(session).await.map(drop)
        };
        match self.session.within(self.answer_limit, commit).await {
            Ok(()) => Ok(written),
            Err(error) => {
                if kind(&error) == Kind::Lost {
                    *unknown = Some(Unknown {
                        marker: Marker::of(plan),
                        answers: written.answers,
                    });
                } else {
                    self.roll_back().await;
                }
                Err(error.into())
            }
        }
    }

    /// Leaves no transaction open: on a session that cannot even do that, nothing can be relied on.
    async fn roll_back(&mut self) {
        let roll_back = async |session: &mut PgConnection| {
            sqlx::raw_sql("ROLLBACK").execute(session).await.map(drop)
        };
        let done = self.session.within(self.answer_limit, roll_back).await;
        if done.is_err() {
            self.session.give_up();
        }
    }

    async fn make_counters(&mut self, plan: &Plan<'_>) -> sqlx::Result<()> {
        self.make_counters_of(plan.counts.keys().copied()).await
    }

    /// Makes the counters of partitions that are written to for the first time.
    async fn make_counters_of(
        &mut self,
        partitions: impl Iterator<Item = u16>,
    ) -> sqlx::Result<()> {
        let new: Vec<i16> = partitions
            .filter(|partition| !self.counters.contains(partition))
            .filter_map(|partition| i16::try_from(partition).ok())
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let counted: Vec<u16> = new.iter().filter_map(|p| u16::try_from(*p).ok()).collect();
        let make = async |session: &mut PgConnection| {
            sqlx::query(MAKE_COUNTERS)
                .bind(new)
                .execute(session)
                .await
                .map(drop)
        };
        self.session.within(self.answer_limit, make).await?;
        self.counters.extend(counted);
        Ok(())
    }
}

fn partition_of(job: &Job) -> Option<u16> {
    job.change()?.change.order().map(|order| order.partition)
}
