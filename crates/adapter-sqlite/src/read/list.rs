//! Lists: a walk by falling id along the index of one filter; what other filters ask is looked at on
//! the way. Nothing is sorted, and a page costs the same wherever it begins.

use super::{Reader, Values};
use order_core::domain::{FulfillmentStatus, Order, PaymentStatus, State};
use order_core::ports::{ListFilter, ListQuery, StoreError};
use order_store::reads::Values as _;
use order_store::{Columns, ids_of};
use sqlx::AssertSqlSafe;
use std::fmt::Write;
use std::sync::Arc;

impl Reader {
    pub(crate) async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        let filter = &query.filter;
        let Some((from, below)) = ids_of(query) else {
            return Ok(Vec::new());
        };
        // Longer than any id, and so above all of them.
        let below = below.map_or(vec![0xFF; 17], |id| id.to_bytes().to_vec());
        let mut values = Values::new()
            .id(from)
            .with(below.as_slice())
            .limit(query.limit);
        for text in [&filter.external_id, &filter.customer_id]
            .into_iter()
            .flatten()
        {
            values = values.with(text.as_str());
        }
        let codes = [
            filter.state.map(State::code),
            filter.payment_status.map(PaymentStatus::code),
            filter.fulfillment_status.map(FulfillmentStatus::code),
        ];
        for code in codes.into_iter().flatten() {
            values = values.with(i64::from(code));
        }
        let rows = self.rows(AssertSqlSafe(list_sql(filter)), values).await?;
        self.all(&rows, Self::order)
    }
}

/// The statement for the filters that are set: their values are `?4` and on, in the order of `parts`.
/// The index is named, so that the plan does not depend on what SQLite guesses about the data.
pub(crate) fn list_sql(filter: &ListFilter) -> String {
    let parts = [
        (filter.external_id.is_some(), "external_id"),
        (filter.customer_id.is_some(), "customer_id"),
        (filter.state.is_some(), "state"),
        (filter.payment_status.is_some(), "payment_status"),
        (filter.fulfillment_status.is_some(), "fulfillment_status"),
    ];
    let index = walked_index(filter)
        .map(|name| format!("INDEXED BY {name}"))
        .unwrap_or_default();
    let mut sql = format!(
        "SELECT o.order_id, e.snapshot FROM orders o {index} \
         CROSS JOIN order_events e ON e.position = o.position \
         WHERE o.order_id >= ?1 AND o.order_id < ?2"
    );
    for (number, (_, column)) in (4..).zip(parts.iter().filter(|(set, _)| *set)) {
        // Writing into a `String` cannot fail.
        _ = write!(sql, " AND o.{column} = ?{number}");
    }
    sql.push_str(" ORDER BY o.order_id DESC LIMIT ?3");
    sql
}

/// The index whose walk meets the fewest orders; `None` walks the table itself, which is by id.
fn walked_index(filter: &ListFilter) -> Option<&'static str> {
    if filter.external_id.is_some() {
        return Some("orders_by_external_id");
    }
    if filter.customer_id.is_some() {
        return Some("orders_by_customer");
    }
    let candidates = [
        (filter.state.map(state_share), "orders_by_state"),
        (
            filter.payment_status.map(payment_share),
            "orders_by_payment_status",
        ),
        (
            filter.fulfillment_status.map(fulfillment_share),
            "orders_by_fulfillment_status",
        ),
    ];
    let set = candidates
        .into_iter()
        .filter_map(|(share, name)| Some((share?, name)));
    set.min_by_key(|(share, _)| *share).map(|(_, name)| name)
}

/// About how many of a thousand orders of a store that has run for long are in this state: most are
/// completed, and what moves on is few. Only the order of the figures matters.
fn state_share(state: State) -> u16 {
    match state {
        State::Completed => 850,
        State::Cancelled => 60,
        State::Expired => 30,
        State::Rejected => 20,
        State::Confirmed => 25,
        State::Pending => 14,
        State::Cancelling => 1,
    }
}

fn payment_share(status: PaymentStatus) -> u16 {
    match status {
        PaymentStatus::Captured => 820,
        PaymentStatus::None => 70,
        PaymentStatus::Refunded => 40,
        PaymentStatus::Authorized | PaymentStatus::Voided | PaymentStatus::PartiallyRefunded => 18,
        PaymentStatus::Failed => 10,
        PaymentStatus::PartiallyCaptured
        | PaymentStatus::PartiallyAuthorized
        | PaymentStatus::Disputed => 2,
    }
}

fn fulfillment_share(status: FulfillmentStatus) -> u16 {
    match status {
        FulfillmentStatus::Delivered => 850,
        FulfillmentStatus::Unfulfilled => 130,
        FulfillmentStatus::Shipped => 12,
        FulfillmentStatus::PartiallyShipped | FulfillmentStatus::PartiallyDelivered => 4,
    }
}
