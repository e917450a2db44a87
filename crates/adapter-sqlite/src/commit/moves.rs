//! What moves beside the rows of a batch: facts into and out of the parking and the dead letters, and
//! which orders have a hold.

use super::json;
use order_core::domain::{OrderId, Timestamp};
use order_store::Parking;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// Takes facts out of the parking. Keys come as one blob of 16 bytes each.
const UNPARK: &str = "WITH RECURSIVE keys(at) AS ( \
    SELECT 1 UNION ALL SELECT at + 16 FROM keys WHERE at + 16 < length(?1)) \
    DELETE FROM parked_facts WHERE fact_key IN (SELECT substr(?1, at, 16) FROM keys)";
const UNBURY: &str = "WITH RECURSIVE keys(at) AS ( \
    SELECT 1 UNION ALL SELECT at + 16 FROM keys WHERE at + 16 < length(?1)) \
    DELETE FROM dead_letters WHERE fact_key IN (SELECT substr(?1, at, 16) FROM keys)";
/// Orders that have a hold, and those that have none any more.
const HELD: &str = "INSERT INTO held_orders (order_id) VALUES (?1) ON CONFLICT DO NOTHING";
const FREED: &str = "DELETE FROM held_orders WHERE order_id = ?1";
/// Marks the facts whose order was placed. The index is named, for SQLite does not know how few
/// orders of a batch are waited for.
const PLACED_IDS: &str = "WITH RECURSIVE keys(at) AS ( \
    SELECT 1 UNION ALL SELECT at + 16 FROM keys WHERE at + 16 < length(?1)) \
    UPDATE parked_facts INDEXED BY parked_facts_by_order SET known_order_id = order_id \
    WHERE order_id IN (SELECT substr(?1, at, 16) FROM keys) AND known_order_id IS NULL";
const PLACED_EXTERNALS: &str = "UPDATE parked_facts INDEXED BY parked_facts_by_external_id \
    SET known_order_id = \
    (SELECT o.order_id FROM orders o WHERE o.external_id = parked_facts.external_id) \
    WHERE external_id IN (SELECT value FROM json_each(?1)) AND known_order_id IS NULL";
/// The oldest facts become dead letters: copied, then dropped.
const COPY_OLD: &str = "INSERT INTO dead_letters \
    (fact_key, order_id, external_id, parked_at, content, reason, buried_at) \
    SELECT fact_key, order_id, external_id, parked_at, content, coalesce(reason, \
    CASE WHEN known_order_id IS NULL \
    THEN 'no order of this number was placed while the fact was parked' \
    ELSE 'its order was placed, but the fact could not be applied while it was parked' END), \
    CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM parked_facts WHERE parked_at < ?1 ORDER BY parked_at, seq LIMIT ?2";
const DROP_OLD: &str = "DELETE FROM parked_facts WHERE seq IN \
    (SELECT seq FROM parked_facts WHERE parked_at < ?1 ORDER BY parked_at, seq LIMIT ?2)";

/// For the test of their plans.
#[cfg(test)]
pub(crate) const MOVES: [&str; 8] = [
    UNPARK,
    UNBURY,
    HELD,
    FREED,
    PLACED_IDS,
    PLACED_EXTERNALS,
    COPY_OLD,
    DROP_OLD,
];

/// Takes facts out of where they are kept, and marks those whose order was placed.
pub(super) async fn move_parked(
    connection: &mut SqliteConnection,
    parking: &Parking<'_>,
) -> sqlx::Result<()> {
    if !parking.placed_ids.is_empty() {
        let ids: Vec<u8> = parking
            .placed_ids
            .iter()
            .copied()
            .flat_map(OrderId::to_bytes)
            .collect();
        sqlx::query(PLACED_IDS)
            .bind(ids)
            .execute(&mut *connection)
            .await?;
    }
    if !parking.placed_externals.is_empty() {
        let json = json::array(parking.placed_externals.iter().copied());
        sqlx::query(PLACED_EXTERNALS)
            .bind(json)
            .execute(&mut *connection)
            .await?;
    }
    for (leave, gone) in [(UNPARK, &parking.unparked), (UNBURY, &parking.unburied)] {
        if !gone.is_empty() {
            let keys: Vec<u8> = gone.iter().flat_map(|key| key.to_be_bytes()).collect();
            sqlx::query(leave)
                .bind(keys)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Keeps the orders with a hold, one row each: few orders have one.
pub(super) async fn mark_held(
    connection: &mut SqliteConnection,
    holds: &BTreeMap<OrderId, bool>,
) -> sqlx::Result<()> {
    for (order_id, held) in holds {
        let mark = if *held { HELD } else { FREED };
        sqlx::query(mark)
            .bind(order_id.to_bytes().to_vec())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Moves facts parked before `before` to the dead letters, within the transaction; answers how many.
pub(crate) async fn bury(
    connection: &mut SqliteConnection,
    before: Timestamp,
    limit: usize,
) -> sqlx::Result<u64> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    sqlx::query(COPY_OLD)
        .bind(before.millis())
        .bind(limit)
        .execute(&mut *connection)
        .await?;
    let dropped = sqlx::query(DROP_OLD)
        .bind(before.millis())
        .bind(limit)
        .execute(connection)
        .await?;
    Ok(dropped.rows_affected())
}
