//! The arguments of the statement of a batch: one array for each column, in the order of its text.

use super::Shape;
use crate::commit::bind::{Bind, all_signed, signed, uuids};
use crate::commit::plan::{AdvancedRow, Plan};
use order_core::domain::{Order, Timestamp};
use sqlx::postgres::PgArguments;
use uuid::Uuid;

/// The arguments of the parts that the statement has.
pub(super) fn bind(shape: Shape, plan: &Plan<'_>) -> sqlx::Result<PgArguments> {
    let mut bind = Bind::default();
    if shape.placed {
        bind_placed(&mut bind, &plan.placed)?;
    }
    if shape.advanced {
        bind_advanced(&mut bind, &plan.advanced)?;
    }
    if shape.facts {
        bind_facts(&mut bind, plan)?;
    }
    if shape.events {
        // Every replica locks the counters in the same order.
        let mut counts: Vec<(i16, i64)> = plan
            .counts
            .iter()
            .map(|(partition, events)| (partition_code(*partition), *events))
            .collect();
        counts.sort_unstable();
        bind.add(counts.iter().map(|count| count.0).collect::<Vec<_>>())?;
        bind.add(counts.iter().map(|count| count.1).collect::<Vec<_>>())?;
        bind_events(&mut bind, plan)?;
    }
    if shape.holds {
        let of = |wanted: bool| {
            let held = plan.holds.iter().filter(move |(_, held)| **held == wanted);
            uuids(held.map(|(id, _)| id.as_u128()))
        };
        bind.add(of(true))?;
        bind.add(of(false))?;
    }
    Ok(bind.into_arguments())
}

fn bind_placed(bind: &mut Bind, rows: &[&Order]) -> sqlx::Result<()> {
    bind.add(uuids(rows.iter().map(|order| order.order_id.as_u128())))?;
    bind.add(all_signed(rows.iter().map(|order| order.version))?)?;
    bind_statuses(bind, &rows.iter().copied())?;
    bind.add(
        rows.iter()
            .map(|order| order.customer_id.as_str())
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        rows.iter()
            .map(|order| order.external_id.as_deref())
            .collect::<Vec<_>>(),
    )
}

fn bind_advanced(bind: &mut Bind, rows: &[AdvancedRow<'_>]) -> sqlx::Result<()> {
    bind.add(uuids(rows.iter().map(|row| row.order.order_id.as_u128())))?;
    bind.add(all_signed(rows.iter().map(|row| row.expected_version))?)?;
    bind.add(all_signed(rows.iter().map(|row| row.order.version))?)?;
    bind_statuses(bind, &rows.iter().map(|row| row.order))?;
    bind.add(signed(rows.len() as u64)?)
}

/// The deadline and the three statuses.
fn bind_statuses<'a>(
    bind: &mut Bind,
    orders: &(impl Iterator<Item = &'a Order> + Clone),
) -> sqlx::Result<()> {
    let deadlines = orders
        .clone()
        .map(|order| order.open_deadline().map(Timestamp::millis));
    bind.add(deadlines.collect::<Vec<_>>())?;
    let statuses = orders.clone().map(|order| {
        combined(
            order.state.code(),
            order.payment_status.code(),
            order.fulfillment_status.code(),
        )
    });
    bind.add(statuses.collect::<Vec<_>>())
}

/// The three statuses as the one number that is stored and indexed.
fn combined(state: u8, payment: u8, fulfillment: u8) -> i32 {
    i32::from(state) * 1_000 + i32::from(payment) * 10 + i32::from(fulfillment)
}

fn bind_facts(bind: &mut Bind, plan: &Plan<'_>) -> sqlx::Result<()> {
    let facts = &plan.facts;
    bind.add(uuids(facts.iter().map(|row| row.key)))?;
    bind.add(uuids(facts.iter().map(|row| row.stored.fingerprint.0)))?;
    let orders = facts.iter().map(|row| row.stored.order);
    let ids = orders
        .clone()
        .map(|order| order.map(|(id, _)| Uuid::from_u128(id.as_u128())));
    bind.add(ids.collect::<Vec<_>>())?;
    let versions = orders.map(|order| order.map(|(_, version)| signed(version)).transpose());
    bind.add(versions.collect::<sqlx::Result<Vec<_>>>()?)
}

fn bind_events(bind: &mut Bind, plan: &Plan<'_>) -> sqlx::Result<()> {
    let rows = plan.events.iter();
    let partitions = rows
        .clone()
        .map(|row| partition_code(row.event.order.partition));
    bind.add(partitions.collect::<Vec<_>>())?;
    bind.add(rows.clone().map(|row| row.ordinal).collect::<Vec<_>>())?;
    bind.add(all_signed(rows.clone().map(|row| row.event.version()))?)?;
    bind.add(
        rows.clone()
            .map(|row| row.event.time.millis())
            .collect::<Vec<_>>(),
    )?;
    bind.add(uuids(
        rows.clone().map(|row| row.event.order.order_id.as_u128()),
    ))?;
    let requests = rows.clone().map(|row| row.request);
    bind.add(
        requests
            .clone()
            .map(|request| request.map(|request| Uuid::from_u128(request.key.0)))
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        requests
            .map(|request| request.map(|request| Uuid::from_u128(request.fingerprint.0)))
            .collect::<Vec<_>>(),
    )?;
    let causes = rows.clone().map(|row| &row.event.cause);
    bind.add(
        causes
            .clone()
            .map(|cause| cause.caller.as_deref())
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        causes
            .clone()
            .map(|cause| cause.source.as_deref())
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        causes
            .clone()
            .map(|cause| cause.id.as_deref())
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        causes
            .map(|cause| cause.traceparent.as_deref())
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        rows.clone()
            .map(|row| row.bytes.data.as_slice())
            .collect::<Vec<_>>(),
    )?;
    bind.add(
        rows.map(|row| row.bytes.snapshot.as_slice())
            .collect::<Vec<_>>(),
    )
}

fn partition_code(partition: u16) -> i16 {
    i16::try_from(partition).unwrap_or(i16::MAX)
}
