//! The steps of repairs, within the transaction of a batch that is alone: so nothing is dropped and
//! applied at once.

use order_core::ports::{DeadMessage, EntryId, EntryKind};
use order_store::RepairStep;
use sqlx::postgres::PgConnection;

const KEEP: &str = "INSERT INTO dead_messages \
    (topic, partition, message_offset, key, headers, value, omitted_bytes, reason) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (topic, partition, message_offset) DO NOTHING";
const NOTE_PARKED: &str = "UPDATE parked_facts SET reason = $2 WHERE seq = $1";
const NOTE_FACT: &str = "UPDATE dead_letters SET reason = $2 WHERE seq = $1";
const NOTE_MESSAGE: &str = "UPDATE dead_messages SET reason = $2 WHERE seq = $1";
const DISCARD_PARKED: &str = "DELETE FROM parked_facts WHERE seq = $1";
const DISCARD_FACT: &str = "DELETE FROM dead_letters WHERE seq = $1";
const DISCARD_MESSAGE: &str = "DELETE FROM dead_messages WHERE seq = $1";

/// For the test of their plans.
#[cfg(test)]
pub(crate) const REPAIRS: [&str; 6] = [
    NOTE_PARKED,
    NOTE_FACT,
    NOTE_MESSAGE,
    DISCARD_PARKED,
    DISCARD_FACT,
    DISCARD_MESSAGE,
];

/// Takes the step; whether it changed anything.
pub(super) async fn take(session: &mut PgConnection, step: &RepairStep) -> sqlx::Result<bool> {
    let done = match step {
        RepairStep::Keep { message, headers } => keep(message, headers).execute(session).await?,
        RepairStep::Note(id, reason) => {
            let note = match id.kind {
                EntryKind::Parked => NOTE_PARKED,
                EntryKind::Fact => NOTE_FACT,
                EntryKind::Message => NOTE_MESSAGE,
            };
            let note = sqlx::query(note).bind(number(*id)).bind(reason);
            note.execute(session).await?
        }
        RepairStep::Discard(id) => {
            let discard = match id.kind {
                EntryKind::Parked => DISCARD_PARKED,
                EntryKind::Fact => DISCARD_FACT,
                EntryKind::Message => DISCARD_MESSAGE,
            };
            sqlx::query(discard)
                .bind(number(*id))
                .execute(session)
                .await?
        }
    };
    Ok(done.rows_affected() > 0)
}

fn keep<'q>(
    message: &'q DeadMessage,
    headers: &'q [u8],
) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
    sqlx::query(KEEP)
        .bind(&message.topic)
        .bind(message.partition)
        .bind(message.offset)
        .bind(message.key.as_deref())
        .bind(headers)
        .bind(message.value.as_deref())
        .bind(i64::try_from(message.omitted_bytes).unwrap_or(i64::MAX))
        .bind(&message.reason)
}

fn number(id: EntryId) -> i64 {
    i64::try_from(id.number).unwrap_or(i64::MAX)
}
