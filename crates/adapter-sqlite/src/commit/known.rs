//! What the database knows of the keys of a batch: one statement for all of them.

use super::json;
use super::rows::Bind;
use order_core::domain::{Fingerprint, IdempotencyKey, OrderId, OrderRef};
use order_core::ports::{StoredFact, StoredRequest};
use order_store::position::from_row;
use order_store::{Known, KnownFact, Prepared};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use std::collections::HashMap;

/// Opens the transaction and looks up. Keys come as one blob of 16 bytes each and external ids as a
/// JSON array, so that the text, and with it the prepared statement, is the same for every batch.
/// `CROSS JOIN` keeps the keys outermost: each is one descent of an index.
pub(crate) const LOOK_UP: &str = "BEGIN IMMEDIATE; \
    WITH RECURSIVE heads(last) AS ( \
        SELECT max(position) FROM order_events UNION ALL \
        SELECT (SELECT max(position) FROM order_events WHERE position < (last >> 48) << 48) \
        FROM heads WHERE last IS NOT NULL), \
    request_keys(at) AS ( \
        SELECT 1 WHERE length(?1) > 0 UNION ALL \
        SELECT at + 16 FROM request_keys WHERE at + 16 < length(?1)), \
    fact_keys(at) AS ( \
        SELECT 1 WHERE length(?2) > 0 UNION ALL \
        SELECT at + 16 FROM fact_keys WHERE at + 16 < length(?2)), \
    order_ids(at) AS ( \
        SELECT 1 WHERE length(?3) > 0 UNION ALL \
        SELECT at + 16 FROM order_ids WHERE at + 16 < length(?3)) \
    SELECT 0, NULL, NULL, NULL, last, 0 FROM heads WHERE last IS NOT NULL \
    UNION ALL SELECT 1, r.key, r.fingerprint, r.order_id, r.version, 0 \
        FROM request_keys CROSS JOIN requests r ON r.key = substr(?1, at, 16) \
    UNION ALL SELECT 2, f.key, f.fingerprint, f.order_id, f.version, \
            CASE WHEN EXISTS (SELECT 1 FROM parked_facts p WHERE p.fact_key = f.key) THEN 1 \
            WHEN EXISTS (SELECT 1 FROM dead_letters d WHERE d.fact_key = f.key) THEN 2 ELSE 0 END \
        FROM fact_keys CROSS JOIN facts f ON f.key = substr(?2, at, 16) \
    UNION ALL SELECT 3, o.order_id, NULL, NULL, o.version, 0 \
        FROM order_ids CROSS JOIN orders o ON o.order_id = substr(?3, at, 16) \
    UNION ALL SELECT 4, substr(?3, at, 16), NULL, NULL, 0, 0 \
        FROM order_ids WHERE EXISTS (SELECT 1 FROM parked_facts p \
        WHERE p.order_id = substr(?3, at, 16) AND p.known_order_id IS NULL) \
    UNION ALL SELECT 5, o.external_id, NULL, o.order_id, 0, 0 \
        FROM json_each(?4) j CROSS JOIN orders o ON o.external_id = j.value \
    UNION ALL SELECT 6, j.value, NULL, NULL, 0, 0 \
        FROM json_each(?4) j WHERE EXISTS (SELECT 1 FROM parked_facts p \
        WHERE p.external_id = j.value AND p.known_order_id IS NULL)";

/// Opens the transaction and asks for every key of `batch`; answers as well the newest offset of each
/// partition.
pub(crate) async fn look_up<'a>(
    connection: &mut SqliteConnection,
    batch: impl Iterator<Item = &'a Prepared>,
) -> sqlx::Result<(Known, HashMap<u16, u64>)> {
    let mut blobs: [Vec<u8>; 3] = Default::default();
    let mut externals: Vec<&str> = Vec::new();
    for keys in batch.map(Prepared::keys) {
        let request = keys.request.map(|key| key.0);
        let order = keys.order.map(OrderId::as_u128);
        for (blob, key) in blobs.iter_mut().zip([request, keys.fact, order]) {
            if let Some(key) = key {
                blob.extend_from_slice(&key.to_be_bytes());
            }
        }
        externals.extend(keys.external);
    }
    let mut bind = Bind::default();
    for blob in blobs {
        bind.add(blob)?;
    }
    bind.add(json::array(externals))?;
    let rows = sqlx::query_with(LOOK_UP, bind.into_arguments())
        .fetch_all(connection)
        .await?;
    let mut known = Known::default();
    let mut heads = HashMap::new();
    for row in &rows {
        add(&mut known, &mut heads, row)?;
    }
    Ok((known, heads))
}

/// Adds what a row of the look-up says.
fn add(known: &mut Known, heads: &mut HashMap<u16, u64>, row: &SqliteRow) -> sqlx::Result<()> {
    let number = |column| row.try_get_unchecked::<i64, usize>(column);
    match number(0)? {
        0 => {
            let head = from_row(number(4)?);
            heads.insert(head.partition, head.offset);
        }
        1 => {
            let stored = StoredRequest {
                order_id: OrderId::from_u128(wide(row, 3)?),
                version: unsigned(row, 4)?,
                fingerprint: Fingerprint(wide(row, 2)?),
            };
            known.requests.insert(IdempotencyKey(wide(row, 1)?), stored);
        }
        2 => {
            let recorded = row.try_get_unchecked::<Option<&[u8]>, usize>(3)?.is_some();
            let order = if recorded {
                Some((OrderId::from_u128(wide(row, 3)?), unsigned(row, 4)?))
            } else {
                None
            };
            let stored = StoredFact {
                order,
                fingerprint: Fingerprint(wide(row, 2)?),
            };
            known.facts.insert(
                wide(row, 1)?,
                KnownFact {
                    stored,
                    kept: KnownFact::kept_from(number(5)?),
                },
            );
        }
        3 => {
            known
                .versions
                .insert(OrderId::from_u128(wide(row, 1)?), unsigned(row, 4)?);
        }
        4 => {
            known
                .awaited
                .insert(OrderRef::Id(OrderId::from_u128(wide(row, 1)?)));
        }
        5 => {
            let external_id = row.try_get_unchecked::<String, usize>(1)?;
            known
                .externals
                .insert(external_id, OrderId::from_u128(wide(row, 3)?));
        }
        _ => {
            known.awaited.insert(OrderRef::External(
                row.try_get_unchecked::<String, usize>(1)?,
            ));
        }
    }
    Ok(())
}

/// A column of 16 bytes.
pub(crate) fn wide(row: &SqliteRow, column: usize) -> sqlx::Result<u128> {
    let bytes: &[u8] = row.try_get_unchecked(column)?;
    let bytes: [u8; 16] = bytes.try_into().map_err(|_| sqlx::Error::ColumnDecode {
        index: column.to_string(),
        source: "a key that is not 16 bytes long".into(),
    })?;
    Ok(u128::from_be_bytes(bytes))
}

/// A column that is never negative.
fn unsigned(row: &SqliteRow, column: usize) -> sqlx::Result<u64> {
    let number: i64 = row.try_get_unchecked(column)?;
    u64::try_from(number).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_string(),
        source: error.into(),
    })
}
