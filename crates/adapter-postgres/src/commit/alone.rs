//! A batch while nobody else writes: for what parks facts, for what another replica got in the way of
//! again and again, and for finding out what became of a batch whose answer never came.

use super::known;
use super::marker::Marker;
use super::plan::Plan;
use super::repair;
use super::statement::{self, Texts};
use crate::commit::bind::{Bind, uuids};
use order_core::domain::{OrderRef, Timestamp};
use order_core::ports::{Committed, FeedPosition};
use order_store::{Answer, Job, Parking, decide};
use sqlx::postgres::PgConnection;

/// Waits until every statement that writes has ended, and keeps others out until the commit.
const BEGIN: &str = "BEGIN; LOCK TABLE write_gate IN EXCLUSIVE MODE";

const PARK: &str = "INSERT INTO parked_facts (fact_key, order_id, external_id, parked_at, content) \
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int8[], $5::bytea[])";
const UNPARK: &str = "DELETE FROM parked_facts WHERE fact_key = ANY($1)";
const UNBURY: &str = "DELETE FROM dead_letters WHERE fact_key = ANY($1)";
/// Marks the facts whose order was placed.
const PLACED_IDS: &str = "UPDATE parked_facts SET known_order_id = order_id \
    WHERE order_id = ANY($1) AND known_order_id IS NULL";
const PLACED_EXTERNALS: &str = "UPDATE parked_facts p SET known_order_id = o.order_id \
    FROM unnest($1::text[]) k(key) JOIN orders o ON o.external_id = k.key \
    WHERE p.external_id = k.key AND p.known_order_id IS NULL";
/// The oldest facts become dead letters.
const BURY: &str = "WITH old AS (DELETE FROM parked_facts WHERE seq IN \
        (SELECT seq FROM parked_facts WHERE parked_at < $1 ORDER BY parked_at, seq LIMIT $2) \
        RETURNING seq, fact_key, order_id, external_id, parked_at, content, known_order_id, reason) \
    INSERT INTO dead_letters (fact_key, order_id, external_id, parked_at, content, reason) \
    SELECT fact_key, order_id, external_id, parked_at, content, coalesce(reason, \
    CASE WHEN known_order_id IS NULL \
    THEN 'no order of this number was placed while the fact was parked' \
    ELSE 'its order was placed, but the fact could not be applied while it was parked' END) \
    FROM old ORDER BY parked_at, seq";
const PROBE: &str = "INSERT INTO write_probe (id, probes) VALUES (1, 1) \
    ON CONFLICT (id) DO UPDATE SET probes = write_probe.probes + 1";

/// For the test of their plans.
#[cfg(test)]
pub(crate) const PARKING_MOVES: [&str; 6] =
    [PARK, UNPARK, UNBURY, PLACED_IDS, PLACED_EXTERNALS, BURY];

/// What a batch came to.
pub(crate) struct Written {
    pub(crate) answers: Vec<Answer>,
    /// The newest position of each partition.
    pub(crate) newest: Vec<FeedPosition>,
}

/// A batch that was tried before, whose answer never came.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) marker: Option<Marker>,
    pub(crate) answers: Vec<Answer>,
}

/// Begins, and answers whether the batch that was tried before has been committed after all.
pub(crate) async fn begin(
    session: &mut PgConnection,
    unknown: Option<&Unknown>,
) -> sqlx::Result<bool> {
    sqlx::raw_sql(BEGIN).execute(&mut *session).await?;
    match unknown.and_then(|unknown| unknown.marker.as_ref()) {
        Some(marker) => marker.is_there(session).await,
        None => Ok(false),
    }
}

/// Looks up, decides and writes, all but the commit.
pub(crate) async fn write<'a>(
    session: &mut PgConnection,
    texts: &mut Texts,
    batch: &'a [Job],
    plan: &mut Plan<'a>,
) -> sqlx::Result<Written> {
    let changes = batch.iter().filter_map(Job::change);
    let mut known = known::look_up(session, changes).await?;
    let mut answers = decide(batch, &mut known, plan);
    plan.sort();
    let newest = statement::write(session, texts, plan, true).await?;
    move_parked(session, &plan.parking).await?;
    for (job, answer) in batch.iter().zip(&mut answers) {
        match job {
            Job::Change(_) => {}
            Job::Bury(before, limit) => {
                *answer = Answer::Buried(bury(session, *before, *limit).await?);
            }
            Job::Repair(step) => *answer = Answer::Repaired(repair::take(session, step).await?),
            Job::Probe => {
                sqlx::query(PROBE).execute(&mut *session).await?;
            }
        }
    }
    Ok(Written { answers, newest })
}

/// Whether every change is to be written.
pub(crate) fn all_done(answers: &[Answer]) -> bool {
    answers
        .iter()
        .all(|answer| matches!(answer, Answer::Change(Committed::Done { .. })))
}

async fn move_parked(session: &mut PgConnection, parking: &Parking<'_>) -> sqlx::Result<()> {
    if !parking.parked.is_empty() {
        park(session, parking).await?;
    }
    if !parking.placed_ids.is_empty() {
        let ids = uuids(parking.placed_ids.iter().map(|id| id.as_u128()));
        sqlx::query(PLACED_IDS)
            .bind(ids)
            .execute(&mut *session)
            .await?;
    }
    if !parking.placed_externals.is_empty() {
        sqlx::query(PLACED_EXTERNALS)
            .bind(parking.placed_externals.clone())
            .execute(&mut *session)
            .await?;
    }
    if !parking.unparked.is_empty() {
        sqlx::query(UNPARK)
            .bind(uuids(parking.unparked.iter().copied()))
            .execute(&mut *session)
            .await?;
    }
    if !parking.unburied.is_empty() {
        sqlx::query(UNBURY)
            .bind(uuids(parking.unburied.iter().copied()))
            .execute(session)
            .await?;
    }
    Ok(())
}

async fn park(session: &mut PgConnection, parking: &Parking<'_>) -> sqlx::Result<()> {
    let rows = parking.parked.iter();
    let by_id = rows.clone().map(|(_, parked, _)| match parked.order() {
        OrderRef::Id(id) => Some(uuid::Uuid::from_u128(id.as_u128())),
        OrderRef::External(_) => None,
    });
    let by_external = rows.clone().map(|(_, parked, _)| match parked.order() {
        OrderRef::Id(_) => None,
        OrderRef::External(external_id) => Some(external_id.as_str()),
    });
    let times = rows.clone().map(|(_, parked, _)| parked.parked_at.millis());
    let mut bind = Bind::default();
    bind.add(uuids(rows.clone().map(|(key, ..)| *key)))?;
    bind.add(by_id.collect::<Vec<_>>())?;
    bind.add(by_external.collect::<Vec<_>>())?;
    bind.add(times.collect::<Vec<_>>())?;
    bind.add(rows.map(|(.., content)| *content).collect::<Vec<_>>())?;
    sqlx::query_with(PARK, bind.into_arguments())
        .execute(session)
        .await
        .map(drop)
}

/// Moves facts parked before `before` to the dead letters; answers how many.
async fn bury(session: &mut PgConnection, before: Timestamp, limit: usize) -> sqlx::Result<u64> {
    let moved = sqlx::query(BURY)
        .bind(before.millis())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .execute(session)
        .await?;
    Ok(moved.rows_affected())
}
