//! The reads of the ports `Repair` and `Tally`: one statement for each table, put together here.

use crate::columns::Columns;
use crate::reads::{Reads, Values};
use order_core::domain::limits::{MAX_COUNTED_ENTRIES, MAX_COUNTED_ORDERS, MAX_LISTED_VALUE_BYTES};
use order_core::domain::{State, Timestamp};
use order_core::ports::{
    Count, DeadLetter, DeadMessage, EntryId, EntryKind, LetterContent, ListedMessage, Place,
    RepairCounts, StoreError, WaitingFact,
};
use order_proto::storage::{decode_headers, decode_parked_fact};

/// A store that can be asked for what went wrong.
pub trait RepairReads: Reads {
    /// The texts.
    const REPAIRS: RepairStatements;
}

/// One text for each read. Lists take a time, a number and a limit, and hold the rows before both,
/// newest first; an entry is asked for by its number.
#[derive(Clone, Copy, Debug)]
pub struct RepairStatements {
    /// `seq, buried_at, reason, content`.
    pub facts: &'static str,
    /// The same of one.
    pub fact: &'static str,
    /// `seq, kept_at, reason, topic, partition, message_offset, key, headers, value, length of the whole
    /// value, omitted_bytes`; takes the length to which values are cut as a fourth value.
    pub messages: &'static str,
    /// The same of one; the length is its second value.
    pub message: &'static str,
    /// `seq, content, known_order_id IS NOT NULL, reason`.
    pub parked_facts: &'static str,
    /// The same of one.
    pub parked_fact: &'static str,
    /// One number: how many there are, up to a limit.
    pub count_facts: &'static str,
    /// The same of messages.
    pub count_messages: &'static str,
    /// The same of parked facts.
    pub count_parked: &'static str,
    /// The same of orders in the state whose code is the first value.
    pub count_state: &'static str,
    /// The same of orders with a hold.
    pub count_held: &'static str,
}

impl RepairStatements {
    /// All of them, for a test of their plans.
    pub const fn all(&self) -> [&'static str; 11] {
        [
            self.facts,
            self.fact,
            self.messages,
            self.message,
            self.parked_facts,
            self.parked_fact,
            self.count_facts,
            self.count_messages,
            self.count_parked,
            self.count_state,
            self.count_held,
        ]
    }
}

/// `Repair::dead_letters`: a page of each table, merged.
pub async fn dead_letters<R: RepairReads>(
    reader: &R,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let facts = before::<R>(after, EntryKind::Fact).limit(limit);
    let facts = reader.ask(R::REPAIRS.facts, facts).await?;
    let mut letters = reader.all(&facts, dead_fact)?;
    let messages = before::<R>(after, EntryKind::Message)
        .limit(limit)
        .limit(MAX_LISTED_VALUE_BYTES);
    let messages = reader.ask(R::REPAIRS.messages, messages).await?;
    letters.extend(reader.all(&messages, dead_message)?);
    letters.sort_unstable_by_key(|letter| std::cmp::Reverse(letter.place()));
    letters.truncate(limit);
    Ok(letters)
}

/// `Repair::dead_letter`.
pub async fn dead_letter<R: RepairReads>(
    reader: &R,
    id: EntryId,
) -> Result<Option<DeadLetter>, StoreError> {
    let number = R::Values::new().number(signed(id.number));
    match id.kind {
        EntryKind::Parked => Ok(None),
        EntryKind::Fact => {
            let rows = reader.ask(R::REPAIRS.fact, number).await?;
            reader.first(&rows, dead_fact)
        }
        EntryKind::Message => {
            let whole = number.number(i64::from(i32::MAX));
            let rows = reader.ask(R::REPAIRS.message, whole).await?;
            reader.first(&rows, dead_message)
        }
    }
}

/// `Repair::parked_facts`.
pub async fn parked_facts<R: RepairReads>(
    reader: &R,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<WaitingFact>, StoreError> {
    let values = before::<R>(after, EntryKind::Parked).limit(limit);
    let rows = reader.ask(R::REPAIRS.parked_facts, values).await?;
    reader.all(&rows, waiting)
}

/// `Repair::parked_fact`.
pub async fn parked_fact<R: RepairReads>(
    reader: &R,
    id: EntryId,
) -> Result<Option<WaitingFact>, StoreError> {
    if id.kind != EntryKind::Parked {
        return Ok(None);
    }
    let values = R::Values::new().number(signed(id.number));
    let rows = reader.ask(R::REPAIRS.parked_fact, values).await?;
    reader.first(&rows, waiting)
}

/// `Repair::counts`.
pub async fn counts<R: RepairReads>(reader: &R) -> Result<RepairCounts, StoreError> {
    let count = |sql| count(reader, sql, R::Values::new(), MAX_COUNTED_ENTRIES);
    Ok(RepairCounts {
        dead_facts: count(R::REPAIRS.count_facts).await?,
        dead_messages: count(R::REPAIRS.count_messages).await?,
        parked_facts: count(R::REPAIRS.count_parked).await?,
    })
}

/// `Tally::orders_by_state`.
pub async fn orders_by_state<R: RepairReads>(
    reader: &R,
) -> Result<Vec<(State, Count)>, StoreError> {
    let mut counts = Vec::with_capacity(State::ALL.len());
    for state in State::ALL {
        let values = R::Values::new().number(i64::from(state.code()));
        let sql = R::REPAIRS.count_state;
        counts.push((
            *state,
            count(reader, sql, values, MAX_COUNTED_ORDERS).await?,
        ));
    }
    Ok(counts)
}

/// `Tally::held_orders`.
pub async fn held_orders<R: RepairReads>(reader: &R) -> Result<Count, StoreError> {
    let sql = R::REPAIRS.count_held;
    count(reader, sql, R::Values::new(), MAX_COUNTED_ORDERS).await
}

/// One more than `cap` is counted, which tells whether there are more.
async fn count<R: Reads>(
    reader: &R,
    sql: &'static str,
    values: R::Values,
    cap: u64,
) -> Result<Count, StoreError> {
    let rows = reader.ask(sql, values.number(signed(cap + 1))).await?;
    let found = reader.first(&rows, |reader, row| reader.unsigned(row, 0))?;
    Ok(Count::up_to(cap, found.unwrap_or(0)))
}

/// The time and the number before which the rows of a kind follow this place. Of the same time, the
/// kinds stand in the falling order of [`EntryKind`].
fn before<R: Reads>(after: Option<Place>, kind: EntryKind) -> R::Values {
    let (at, number) = match after {
        None => (Timestamp::MAX.millis(), i64::MAX),
        Some(Place { at, id }) => match kind.cmp(&id.kind) {
            std::cmp::Ordering::Less => (at.millis(), i64::MAX),
            std::cmp::Ordering::Equal => (at.millis(), signed(id.number)),
            std::cmp::Ordering::Greater => (at.millis(), i64::MIN),
        },
    };
    R::Values::new().number(at).number(number)
}

fn dead_fact<C: Columns>(reader: &C, row: &C::Row) -> Result<DeadLetter, StoreError> {
    let id = entry(reader, row, EntryKind::Fact)?;
    let fact = decode_parked_fact(reader.bytes(row, 3)?);
    let fact = fact.map_err(|error| reader.unreadable(&format!("dead letter {id}"), &error))?;
    Ok(DeadLetter {
        id,
        at: reader.time(row, 1)?,
        reason: reader.text(row, 2)?.unwrap_or_default(),
        content: LetterContent::Fact(Box::new(fact)),
    })
}

fn dead_message<C: Columns>(reader: &C, row: &C::Row) -> Result<DeadLetter, StoreError> {
    let id = entry(reader, row, EntryKind::Message)?;
    let headers = decode_headers(reader.bytes(row, 7)?);
    let out_of_range = || reader.unreadable(&format!("dead letter {id}"), &"a number is too large");
    let message = DeadMessage {
        topic: reader.text(row, 3)?.unwrap_or_default(),
        partition: i32::try_from(reader.number(row, 4)?).map_err(|_| out_of_range())?,
        offset: reader.number(row, 5)?,
        key: reader.bytes_or_null(row, 6)?.map(<[u8]>::to_vec),
        headers: headers
            .map_err(|error| reader.unreadable(&format!("dead letter {id}"), &error))?,
        value: reader.bytes_or_null(row, 8)?.map(<[u8]>::to_vec),
        omitted_bytes: reader.unsigned(row, 10)?,
        reason: String::new(),
    };
    Ok(DeadLetter {
        id,
        at: reader.time(row, 1)?,
        reason: reader.text(row, 2)?.unwrap_or_default(),
        content: LetterContent::Message(Box::new(ListedMessage {
            message,
            value_bytes: reader.unsigned(row, 9)?,
        })),
    })
}

fn waiting<C: Columns>(reader: &C, row: &C::Row) -> Result<WaitingFact, StoreError> {
    Ok(WaitingFact {
        id: entry(reader, row, EntryKind::Parked)?,
        parked: reader.parked(row)?,
        order_known: reader.flag(row, 2)?,
        reason: reader.text(row, 3)?,
    })
}

fn entry<C: Columns>(reader: &C, row: &C::Row, kind: EntryKind) -> Result<EntryId, StoreError> {
    let number = reader.unsigned(row, 0)?;
    Ok(EntryId { kind, number })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
