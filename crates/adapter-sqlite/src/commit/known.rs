//! What the database knows of the keys of a batch: one statement for all of them.

use super::json;
use super::prepare::Prepared;
use crate::position::from_row;
use order_core::domain::{Fingerprint, IdempotencyKey, OrderId, OrderRef};
use order_core::ports::{Change, StoredFact, StoredRequest};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Row};
use std::collections::{HashMap, HashSet};

/// Everything that stands in the way of a change, or that it waits for. Starts as what the database
/// knows; the decisions of a batch add to it, so that later changes of the batch see earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) requests: HashMap<IdempotencyKey, StoredRequest>,
    pub(crate) facts: HashMap<u128, KnownFact>,
    pub(crate) externals: HashMap<String, OrderId>,
    pub(crate) versions: HashMap<OrderId, u64>,
    /// What parked facts wait for.
    pub(crate) awaited: HashSet<OrderRef>,
    /// The newest offset of each partition.
    pub(crate) heads: HashMap<u16, u64>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownFact {
    pub(crate) stored: StoredFact,
    /// Whether it waits in the parking.
    pub(crate) parked: bool,
}

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
            EXISTS (SELECT 1 FROM parked_facts p WHERE p.fact_key = f.key) \
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

impl Known {
    /// Opens the transaction and asks for every key of `batch`.
    pub(crate) async fn look_up<'a>(
        connection: &mut SqliteConnection,
        batch: impl Iterator<Item = &'a Prepared>,
    ) -> sqlx::Result<Known> {
        let keys = Keys::of(batch);
        let mut arguments = SqliteArguments::default();
        for blob in [&keys.requests, &keys.facts, &keys.orders] {
            arguments
                .add(blob.as_slice())
                .map_err(sqlx::Error::Encode)?;
        }
        let externals = json::array(keys.externals.iter().copied());
        arguments.add(externals).map_err(sqlx::Error::Encode)?;
        let rows = sqlx::query_with(LOOK_UP, arguments)
            .fetch_all(connection)
            .await?;
        let mut known = Known::default();
        for row in &rows {
            known.add(row)?;
        }
        Ok(known)
    }

    fn add(&mut self, row: &SqliteRow) -> sqlx::Result<()> {
        let number = |column| row.try_get_unchecked::<i64, usize>(column);
        match number(0)? {
            0 => {
                let head = from_row(number(4)?);
                self.heads.insert(head.partition, head.offset);
            }
            1 => {
                let stored = StoredRequest {
                    order_id: OrderId::from_u128(wide(row, 3)?),
                    version: unsigned(row, 4)?,
                    fingerprint: Fingerprint(wide(row, 2)?),
                };
                self.requests.insert(IdempotencyKey(wide(row, 1)?), stored);
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
                self.facts.insert(
                    wide(row, 1)?,
                    KnownFact {
                        stored,
                        parked: number(5)? != 0,
                    },
                );
            }
            3 => {
                self.versions
                    .insert(OrderId::from_u128(wide(row, 1)?), unsigned(row, 4)?);
            }
            4 => {
                self.awaited
                    .insert(OrderRef::Id(OrderId::from_u128(wide(row, 1)?)));
            }
            5 => {
                let external_id = row.try_get_unchecked::<String, usize>(1)?;
                self.externals
                    .insert(external_id, OrderId::from_u128(wide(row, 3)?));
            }
            _ => {
                self.awaited.insert(OrderRef::External(
                    row.try_get_unchecked::<String, usize>(1)?,
                ));
            }
        }
        Ok(())
    }
}

/// The keys of a batch as the statement takes them.
#[derive(Default)]
struct Keys<'a> {
    requests: Vec<u8>,
    facts: Vec<u8>,
    orders: Vec<u8>,
    externals: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(batch: impl Iterator<Item = &'a Prepared>) -> Keys<'a> {
        let mut keys = Keys::default();
        for prepared in batch {
            if let Some(request) = prepared.request() {
                keys.requests
                    .extend_from_slice(&request.key.0.to_be_bytes());
            }
            if let Some(key) = prepared.fact_key {
                keys.facts.extend_from_slice(&key.to_be_bytes());
            }
            match &prepared.change {
                Change::Place { events, .. } => {
                    let order = events.last().map(|event| &event.order);
                    keys.order(order.map(|order| order.order_id));
                    keys.externals
                        .extend(order.and_then(|order| order.external_id.as_deref()));
                }
                Change::Advance { events, .. } => {
                    keys.order(events.last().map(|event| event.order.order_id));
                }
                Change::Remember { order_id, .. } => keys.order(Some(*order_id)),
                Change::Park(parked) => match parked.order() {
                    OrderRef::Id(order_id) => keys.order(Some(*order_id)),
                    OrderRef::External(external_id) => keys.externals.push(external_id),
                },
            }
        }
        keys
    }

    fn order(&mut self, order_id: Option<OrderId>) {
        self.orders
            .extend(order_id.into_iter().flat_map(OrderId::to_bytes));
    }
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
pub(crate) fn unsigned(row: &SqliteRow, column: usize) -> sqlx::Result<u64> {
    let number: i64 = row.try_get_unchecked(column)?;
    u64::try_from(number).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_string(),
        source: error.into(),
    })
}
