//! Writes the rows of a batch and commits: one statement text for all tables where they fit.

use super::moves::{mark_held, move_parked};
use super::rows::{Bind, EventRow, FactRow, Insert, OrderRow, Plan, RequestRow};
use order_core::ports::ParkedFact;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of one table in one statement. Ten values each stay below SQLite's limit of 32,766 values.
const MAX_ROWS: usize = 512;

/// The texts that were made so far, by their shape. Rows are padded to a power of two, so there are
/// few shapes, each text is made once, and SQLite keeps each prepared.
#[derive(Default)]
pub(crate) struct Texts(HashMap<Shape, Arc<str>>);

/// How many rows of each table, padding included.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Shape {
    orders: usize,
    events: usize,
    requests: usize,
    facts: usize,
    parked: usize,
    commits: bool,
}

type ParkedRow<'a> = (u128, &'a ParkedFact, &'a [u8]);

/// Writes all of `plan`; `commits` ends the transaction as well, in the same round trip if possible.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    texts: &mut Texts,
    plan: &Plan<'_>,
    commits: bool,
) -> sqlx::Result<()> {
    let rows = [
        plan.orders.len(),
        plan.events.len(),
        plan.requests.len(),
        plan.facts.len(),
        plan.parking.parked.len(),
    ];
    let chunks = rows
        .into_iter()
        .max()
        .unwrap_or(0)
        .div_ceil(MAX_ROWS)
        .max(1);
    let more = plan.parking.moves() || !plan.holds.is_empty();
    for n in 0..chunks {
        let last = n + 1 == chunks && !more;
        insert(connection, texts, &Chunk::of(plan, n), commits && last).await?;
    }
    if more {
        move_parked(connection, &plan.parking).await?;
        mark_held(connection, &plan.holds).await?;
        if commits {
            commit(connection).await?;
        }
    }
    Ok(())
}

/// Ends the transaction.
pub(crate) async fn commit(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("COMMIT").execute(connection).await.map(drop)
}

/// The rows of one statement text.
struct Chunk<'p, 'a> {
    orders: &'p [OrderRow<'a>],
    events: &'p [EventRow<'a>],
    requests: &'p [RequestRow],
    facts: &'p [FactRow],
    parked: &'p [ParkedRow<'a>],
}

impl<'p, 'a> Chunk<'p, 'a> {
    fn of(plan: &'p Plan<'a>, n: usize) -> Chunk<'p, 'a> {
        Chunk {
            orders: part(&plan.orders, n),
            events: part(&plan.events, n),
            requests: part(&plan.requests, n),
            facts: part(&plan.facts, n),
            parked: part(&plan.parking.parked, n),
        }
    }
}

fn part<T>(rows: &[T], n: usize) -> &[T] {
    rows.chunks(MAX_ROWS).nth(n).unwrap_or_default()
}

async fn insert(
    connection: &mut SqliteConnection,
    texts: &mut Texts,
    chunk: &Chunk<'_, '_>,
    commits: bool,
) -> sqlx::Result<()> {
    let counts = [
        chunk.orders.len(),
        chunk.events.len(),
        chunk.requests.len(),
        chunk.facts.len(),
        chunk.parked.len(),
    ];
    let padded = counts.into_iter().max().unwrap_or(0).next_power_of_two();
    let rows = |count: usize| if count == 0 { 0 } else { padded };
    let shape = Shape {
        orders: rows(chunk.orders.len()),
        events: rows(chunk.events.len()),
        requests: rows(chunk.requests.len()),
        facts: rows(chunk.facts.len()),
        parked: rows(chunk.parked.len()),
        commits,
    };
    let mut arguments = Bind::default();
    bind(&mut arguments, chunk.events, shape.events)?;
    bind(&mut arguments, chunk.orders, shape.orders)?;
    bind(&mut arguments, chunk.requests, shape.requests)?;
    bind(&mut arguments, chunk.facts, shape.facts)?;
    bind(&mut arguments, chunk.parked, shape.parked)?;
    let text = texts.of(shape);
    if text.is_empty() {
        return Ok(());
    }
    let query = sqlx::query_with(AssertSqlSafe(text), arguments.into_arguments());
    query.execute(connection).await.map(drop)
}

fn bind<T: Insert>(arguments: &mut Bind, rows: &[T], padded: usize) -> sqlx::Result<()> {
    rows.iter().try_for_each(|row| row.bind(arguments))?;
    arguments.nothing((padded - rows.len()) * T::COLUMNS)
}

impl Texts {
    fn of(&mut self, shape: Shape) -> Arc<str> {
        let text = self.0.entry(shape).or_insert_with(|| {
            let mut text = String::new();
            append::<EventRow<'_>>(&mut text, shape.events);
            append::<OrderRow<'_>>(&mut text, shape.orders);
            append::<RequestRow>(&mut text, shape.requests);
            append::<FactRow>(&mut text, shape.facts);
            append::<ParkedRow<'_>>(&mut text, shape.parked);
            text.push_str(if shape.commits { "COMMIT" } else { "" });
            text.into()
        });
        Arc::clone(text)
    }
}

fn append<T: Insert>(text: &mut String, rows: usize) {
    if rows == 0 {
        return;
    }
    let row = format!("({})", vec!["?"; T::COLUMNS].join(","));
    let values = vec![row; rows].join(",");
    for part in [
        T::HEAD,
        " SELECT * FROM (VALUES ",
        &values,
        ") WHERE column1 IS NOT NULL ",
        T::TAIL,
        "; ",
    ] {
        text.push_str(part);
    }
}
