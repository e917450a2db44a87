//! Finding out whether a batch was committed whose answer never came.
//!
//! A batch is kept whole or not at all, so one row of it tells. Its bytes are compared as well: another
//! replica may have written an event of the same order and version.

use super::bind::{Bind, signed};
use super::plan::Plan;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// A row that is there if, and only if, the batch was committed.
#[derive(Clone, Debug)]
pub(crate) enum Marker {
    Event {
        order_id: Uuid,
        version: u64,
        time: i64,
        cause_id: Option<String>,
        data: Vec<u8>,
        snapshot: Vec<u8>,
    },
    Fact {
        key: Uuid,
        fingerprint: Uuid,
        order: Option<(Uuid, u64)>,
    },
}

const EVENT: &str = "SELECT EXISTS (SELECT 1 FROM order_events WHERE order_id = $1 AND version = $2 \
    AND time = $3 AND cause_id IS NOT DISTINCT FROM $4 AND data = $5 AND snapshot = $6)";
const FACT: &str = "SELECT EXISTS (SELECT 1 FROM facts WHERE key = $1 AND fingerprint = $2 \
    AND order_id IS NOT DISTINCT FROM $3 AND version IS NOT DISTINCT FROM $4)";

impl Marker {
    /// `None` for a batch that writes neither: what it does can be done twice.
    pub(crate) fn of(plan: &Plan<'_>) -> Option<Marker> {
        if let Some(row) = plan.events.first() {
            return Some(Marker::Event {
                order_id: Uuid::from_u128(row.event.order.order_id.as_u128()),
                version: row.event.version(),
                time: row.event.time.millis(),
                cause_id: row.event.cause.id.clone(),
                data: row.bytes.data.clone(),
                snapshot: row.bytes.snapshot.clone(),
            });
        }
        let row = plan.facts.first()?;
        Some(Marker::Fact {
            key: Uuid::from_u128(row.key),
            fingerprint: Uuid::from_u128(row.stored.fingerprint.0),
            order: row
                .stored
                .order
                .map(|(id, version)| (Uuid::from_u128(id.as_u128()), version)),
        })
    }

    /// Whether the row is there.
    pub(crate) async fn is_there(&self, session: &mut PgConnection) -> sqlx::Result<bool> {
        let mut bind = Bind::default();
        let sql = match self {
            Marker::Event {
                order_id,
                version,
                time,
                cause_id,
                data,
                snapshot,
            } => {
                bind.add(*order_id)?;
                bind.add(signed(*version)?)?;
                bind.add(*time)?;
                bind.add(cause_id.as_deref())?;
                bind.add(data.as_slice())?;
                bind.add(snapshot.as_slice())?;
                EVENT
            }
            Marker::Fact {
                key,
                fingerprint,
                order,
            } => {
                bind.add(*key)?;
                bind.add(*fingerprint)?;
                bind.add(order.map(|order| order.0))?;
                bind.add(order.map(|order| signed(order.1)).transpose()?)?;
                FACT
            }
        };
        let rows: Vec<bool> = sqlx::query_scalar_with(sql, bind.into_arguments())
            .fetch_all(session)
            .await?;
        Ok(rows == [true])
    }
}
