//! The one statement of a batch. Sent by itself it is a transaction of its own: one round trip and
//! one wait for the disk, however many changes.
//!
//! It proves what the decisions rest on. A key that is taken after all breaks a unique index. An order
//! that is not at its version, or a parked fact that nobody has seen, keeps the counter row from being
//! found, and events without a number break the NOT NULL of their position. Either way nothing is kept.

mod arguments;

use super::plan::Plan;
use order_core::ports::FeedPosition;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// Which parts the statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each part is there or not, by itself"
)]
pub(crate) struct Shape {
    pub(crate) placed: bool,
    pub(crate) advanced: bool,
    pub(crate) facts: bool,
    pub(crate) events: bool,
    /// Events of more than one partition.
    pub(crate) partitions: bool,
    /// Holds came or went.
    pub(crate) holds: bool,
    /// Nobody else writes, and all that stands in the way was looked up: facts may be known.
    pub(crate) alone: bool,
}

/// The texts that were made so far.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashMap<Shape, Arc<str>>);

/// Writes `plan`, without what moves parked facts; answers the newest position of each partition.
pub(crate) async fn write(
    session: &mut PgConnection,
    texts: &mut Texts,
    plan: &Plan<'_>,
    alone: bool,
) -> sqlx::Result<Vec<FeedPosition>> {
    let shape = Shape {
        placed: !plan.placed.is_empty(),
        advanced: !plan.advanced.is_empty(),
        facts: !plan.facts.is_empty(),
        events: !plan.events.is_empty(),
        partitions: plan.counts.len() > 1,
        holds: !plan.holds.is_empty(),
        alone,
    };
    if !(shape.events || shape.facts) {
        return Ok(Vec::new());
    }
    let text = texts.0.entry(shape).or_insert_with(|| text(shape).into());
    let text = AssertSqlSafe(Arc::clone(text));
    let rows = sqlx::query_with(text, arguments::bind(shape, plan)?)
        .fetch_all(session)
        .await?;
    let position = |row: &sqlx::postgres::PgRow| {
        let partition: i16 = row.try_get_unchecked(0)?;
        let last: i64 = row.try_get_unchecked(1)?;
        Ok(FeedPosition {
            partition: u16::try_from(partition).unwrap_or(0),
            offset: u64::try_from(last).unwrap_or(0),
        })
    };
    rows.iter().map(position).collect()
}

const PLACED: &[&str] = &["uuid", "int8", "int8", "int4", "text", "text"];
const ADVANCED: &[&str] = &["uuid", "int8", "int8", "int8", "int4"];
const FACTS: &[&str] = &["uuid", "uuid", "uuid", "int8"];
const COUNTS: &[&str] = &["int2", "int8"];
const EVENTS: &[&str] = &[
    "int2", "int8", "int8", "int8", "uuid", "uuid", "uuid", "text", "text", "text", "text",
    "bytea", "bytea",
];

/// Those that are stored as they are bound, after the place in the batch.
const EVENT_COLUMNS: &str = "version, time, order_id, request_key, request_fingerprint, caller, \
    source, cause_id, traceparent, data, snapshot";

/// The text, whose arguments are numbered in the order of [`arguments::bind`].
pub(crate) fn text(shape: Shape) -> String {
    let mut text = Text::default();
    // The counter's lock comes last: only when all of this is done is its row looked for.
    let mut proofs = String::new();
    if !shape.alone {
        // Its lock keeps out who wants to be alone; the table never has a row.
        text.part("gate", "SELECT 1 FROM write_gate FOR KEY SHARE");
        proofs.push_str(" AND NOT EXISTS (SELECT 1 FROM gate)");
    }
    if shape.placed {
        let rows = text.columns(PLACED).join(", ");
        text.part(
            "placed",
            &format!(
                "INSERT INTO orders (order_id, version, deadline, statuses, customer_id, external_id) \
                 SELECT {rows} RETURNING 1"
            ),
        );
        proofs.push_str(" AND (SELECT count(*) FROM placed) >= 0");
        if !shape.alone {
            // An empty parking, the usual case, is seen at once.
            let (ids, externals) = (text.first(PLACED), text.last());
            _ = write!(
                proofs,
                " AND (NOT EXISTS (SELECT 1 FROM parked_facts) OR (\
                 NOT EXISTS (SELECT 1 FROM parked_facts p \
                 WHERE p.known_order_id IS NULL AND p.order_id = ANY({ids})) \
                 AND NOT EXISTS (SELECT 1 FROM parked_facts p \
                 WHERE p.known_order_id IS NULL AND p.external_id = ANY({externals}))))"
            );
        }
    }
    if shape.advanced {
        let rows = text.unnest(ADVANCED);
        let count = text.number("int8");
        text.part(
            "advanced",
            &format!(
                "UPDATE orders o SET version = n.version, deadline = n.deadline, \
                 statuses = n.statuses FROM {rows} n(order_id, expected, version, deadline, statuses) \
                 WHERE o.order_id = n.order_id AND o.version = n.expected RETURNING 1"
            ),
        );
        _ = write!(proofs, " AND (SELECT count(*) FROM advanced) = {count}");
    }
    if shape.facts {
        let rows = text.unnest(FACTS);
        let known = if shape.alone {
            // A fact that leaves the parking is known already, without an order.
            " ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, \
             order_id = excluded.order_id, version = excluded.version"
        } else {
            ""
        };
        text.part(
            "recorded",
            &format!("INSERT INTO facts (key, fingerprint, order_id, version) SELECT * FROM {rows}{known} RETURNING 1"),
        );
        proofs.push_str(" AND (SELECT count(*) FROM recorded) >= 0");
    }
    if !shape.events {
        let source = if shape.alone { "write_gate" } else { "gate" };
        return text.ending(&format!("SELECT 0::int2, 0::int8 FROM {source}"));
    }
    let counts = text.unnest(COUNTS);
    text.part(
        "counted",
        &format!(
            "UPDATE feed f SET last = f.last + n.events FROM {counts} n(partition, events) \
             WHERE f.partition = n.partition{proofs} \
             RETURNING f.partition, f.last, f.last - n.events AS base"
        ),
    );
    let events = text.columns(EVENTS);
    text.part("written", &written(shape, &events));
    if shape.holds {
        let held = text.unnest(&["uuid"]);
        let held = format!("INSERT INTO held_orders SELECT * FROM {held} ON CONFLICT DO NOTHING");
        text.part("held", &held);
        let freed = text.number("uuid[]");
        let freed = format!("DELETE FROM held_orders WHERE order_id = ANY({freed})");
        text.part("freed", &freed);
    }
    text.ending("SELECT partition, last FROM counted")
}

/// The insertion of events. The arrays are unnested in the list of columns, side by side: as functions
/// in FROM each would be copied into a table of its own first.
fn written(shape: Shape, events: &[String]) -> String {
    let (places, rest) = events.split_at(2);
    let rest = rest.join(", ");
    let (partition, ordinal) = (&places[0], &places[1]);
    let rows = if shape.partitions {
        format!(
            "SELECT (e.partition::int8 << 48) | (c.base + e.ordinal), {EVENT_COLUMNS} \
             FROM (SELECT {partition}, {ordinal}, {rest}) e(partition, ordinal, {EVENT_COLUMNS}) \
             LEFT JOIN counted c ON c.partition = e.partition"
        )
    } else {
        format!(
            "SELECT ({partition}::int8 << 48) | ((SELECT base FROM counted) + {ordinal}), {rest}"
        )
    };
    format!("INSERT INTO order_events (position, {EVENT_COLUMNS}) {rows}")
}

/// A statement under construction, and how many arguments it has so far.
#[derive(Default)]
struct Text {
    sql: String,
    arguments: usize,
}

impl Text {
    fn number(&mut self, type_name: &str) -> String {
        self.arguments += 1;
        format!("${}::{type_name}", self.arguments)
    }

    /// For FROM.
    fn unnest(&mut self, types: &[&str]) -> String {
        let arrays = types.iter().map(|name| self.number(&format!("{name}[]")));
        format!("unnest({})", arrays.collect::<Vec<_>>().join(", "))
    }

    /// For the list of columns.
    fn columns(&mut self, types: &[&str]) -> Vec<String> {
        let column = |name: &&str| format!("unnest({})", self.number(&format!("{name}[]")));
        types.iter().map(column).collect()
    }

    /// The first and the last of the columns that were just unnested.
    fn first(&self, types: &[&str]) -> String {
        format!("${}", self.arguments + 1 - types.len())
    }

    fn last(&self) -> String {
        format!("${}", self.arguments)
    }

    fn part(&mut self, name: &str, sql: &str) {
        let lead = if self.sql.is_empty() { "WITH" } else { "," };
        _ = write!(self.sql, "{lead} {name} AS ({sql})");
    }

    fn ending(mut self, sql: &str) -> String {
        _ = write!(self.sql, " {sql}");
        self.sql
    }
}
