//! What stands in the way of the changes of a batch: taken for granted, or looked up with one
//! statement for all of them.

use super::bind::Bind;
use order_core::domain::{Fingerprint, IdempotencyKey, OrderId, OrderRef};
use order_core::ports::{Change, StoredFact, StoredRequest};
use order_store::{Known, KnownFact, Prepared};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

/// Each key is one descent of an index; `kind` says what the row is about.
pub(crate) const LOOK_UP: &str = "\
    SELECT 1::int2 AS kind, e.request_key AS key, NULL AS text, e.request_fingerprint, e.order_id, \
            e.version, 0 AS kept \
        FROM unnest($1::uuid[]) k(key) JOIN order_events e ON e.request_key = k.key \
    UNION ALL SELECT 2, f.key, NULL, f.fingerprint, f.order_id, f.version, \
            CASE WHEN EXISTS (SELECT 1 FROM parked_facts p WHERE p.fact_key = f.key) THEN 1 \
            WHEN EXISTS (SELECT 1 FROM dead_letters d WHERE d.fact_key = f.key) THEN 2 ELSE 0 END \
        FROM unnest($2::uuid[]) k(key) JOIN facts f ON f.key = k.key \
    UNION ALL SELECT 3, o.order_id, NULL, NULL, NULL, o.version, 0 \
        FROM unnest($3::uuid[]) k(key) JOIN orders o ON o.order_id = k.key \
    UNION ALL SELECT 4, k.key, NULL, NULL, NULL, 0, 0 \
        FROM unnest($3::uuid[]) k(key) WHERE EXISTS (SELECT 1 FROM parked_facts p \
        WHERE p.order_id = k.key AND p.known_order_id IS NULL) \
    UNION ALL SELECT 5, NULL, o.external_id, NULL, o.order_id, 0, 0 \
        FROM unnest($4::text[]) k(key) JOIN orders o ON o.external_id = k.key \
    UNION ALL SELECT 6, NULL, k.key, NULL, NULL, 0, 0 \
        FROM unnest($4::text[]) k(key) WHERE EXISTS (SELECT 1 FROM parked_facts p \
        WHERE p.external_id = k.key AND p.known_order_id IS NULL)";

/// Takes for granted that every key is new and that every order is at the expected version; the
/// statement that writes the batch proves it.
pub(crate) fn assumed<'a>(batch: impl Iterator<Item = &'a Prepared>) -> Known {
    let mut known = Known::default();
    for prepared in batch {
        if let Change::Advance {
            expected_version,
            events,
            ..
        } = &prepared.change
            && let Some(event) = events.last()
        {
            known
                .versions
                .entry(event.order.order_id)
                .or_insert(*expected_version);
        }
        // What is placed in this batch has no version before it.
        if let Change::Place { events, .. } = &prepared.change
            && let Some(event) = events.last()
        {
            known.versions.remove(&event.order.order_id);
        }
    }
    known
}

/// Asks for every key of `batch`.
pub(crate) async fn look_up<'a>(
    session: &mut PgConnection,
    batch: impl Iterator<Item = &'a Prepared>,
) -> sqlx::Result<Known> {
    let mut requests: Vec<Uuid> = Vec::new();
    let mut facts: Vec<Uuid> = Vec::new();
    let mut orders: Vec<Uuid> = Vec::new();
    let mut externals: Vec<&str> = Vec::new();
    for keys in batch.map(Prepared::keys) {
        requests.extend(keys.request.map(|key| Uuid::from_u128(key.0)));
        facts.extend(keys.fact.map(Uuid::from_u128));
        orders.extend(keys.order.map(|id| Uuid::from_u128(id.as_u128())));
        externals.extend(keys.external);
    }
    let mut bind = Bind::default();
    bind.add(requests)?;
    bind.add(facts)?;
    bind.add(orders)?;
    bind.add(externals)?;
    let rows = sqlx::query_with(LOOK_UP, bind.into_arguments())
        .fetch_all(session)
        .await?;
    let mut known = Known::default();
    for row in &rows {
        add(&mut known, row)?;
    }
    Ok(known)
}

/// Adds what a row of the look-up says.
fn add(known: &mut Known, row: &PgRow) -> sqlx::Result<()> {
    match row.try_get_unchecked::<i16, usize>(0)? {
        1 => {
            let stored = StoredRequest {
                order_id: order_id(row, 4)?,
                version: unsigned(row, 5)?,
                fingerprint: Fingerprint(wide(row, 3)?),
            };
            known.requests.insert(IdempotencyKey(wide(row, 1)?), stored);
        }
        2 => {
            let recorded: Option<Uuid> = row.try_get_unchecked(4)?;
            let order = match recorded {
                Some(id) => Some((OrderId::from_u128(id.as_u128()), unsigned(row, 5)?)),
                None => None,
            };
            let stored = StoredFact {
                order,
                fingerprint: Fingerprint(wide(row, 3)?),
            };
            let kept = row.try_get_unchecked::<i32, usize>(6)?;
            let kept = KnownFact::kept_from(kept.into());
            known
                .facts
                .insert(wide(row, 1)?, KnownFact { stored, kept });
        }
        3 => {
            known.versions.insert(order_id(row, 1)?, unsigned(row, 5)?);
        }
        4 => {
            known.awaited.insert(OrderRef::Id(order_id(row, 1)?));
        }
        5 => {
            known
                .externals
                .insert(row.try_get_unchecked(2)?, order_id(row, 4)?);
        }
        _ => {
            known
                .awaited
                .insert(OrderRef::External(row.try_get_unchecked(2)?));
        }
    }
    Ok(())
}

/// A column of 128 bits.
pub(crate) fn wide(row: &PgRow, column: usize) -> sqlx::Result<u128> {
    row.try_get_unchecked::<Uuid, usize>(column)
        .map(|value| value.as_u128())
}

fn order_id(row: &PgRow, column: usize) -> sqlx::Result<OrderId> {
    wide(row, column).map(OrderId::from_u128)
}

/// A column that is never negative.
fn unsigned(row: &PgRow, column: usize) -> sqlx::Result<u64> {
    let number: i64 = row.try_get_unchecked(column)?;
    u64::try_from(number).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_string(),
        source: error.into(),
    })
}
