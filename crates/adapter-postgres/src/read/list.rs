//! Lists: a walk by falling id along an index; nothing is sorted but a page of each walk, and a page
//! costs the same wherever it begins.
//!
//! Filters of statuses share one index. There are few combinations of statuses, so a filter of one of
//! them is a walk for each combination that fits, merged; a filter of all three is one walk.

use super::{Reader, Values};
use order_core::domain::{FulfillmentStatus, Order, OrderId, PaymentStatus, State};
use order_core::ports::{ListFilter, ListQuery, StoreError};
use order_store::reads::Values as _;
use order_store::{Columns, ids_of};
use sqlx::AssertSqlSafe;
use std::sync::Arc;

impl Reader {
    pub(crate) async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        let filter = &query.filter;
        let Some((from, below)) = ids_of(query) else {
            return Ok(Vec::new());
        };
        let mut values = Values::new().id(from).limit(query.limit);
        // The bound is above every id where none is asked for.
        values = values.id(below.unwrap_or(OrderId::from_u128(u128::MAX)));
        let [states, payments, fulfillments] = statuses(filter);
        for codes in [states, payments, fulfillments] {
            values = values.with(codes);
        }
        for text in [&filter.external_id, &filter.customer_id]
            .into_iter()
            .flatten()
        {
            values = values.with(text.as_str());
        }
        let rows = self.rows(AssertSqlSafe(list_sql(filter)), values).await?;
        self.all(&rows, Self::order)
    }
}

/// The statement for the filters that are set. `$1` and `$3` bound the ids, `$2` is the limit, `$4` to
/// `$6` are the statuses that fit, then follow the texts.
///
/// Rows are compared with rows, and sorted by all columns of the index that is meant: so no other one
/// will do. Left to choose, PostgreSQL walks the primary key until a page of a rare status is full.
pub(crate) fn list_sql(filter: &ListFilter) -> String {
    let statuses = "o.statuses / 1000 = ANY($4) AND o.statuses / 10 % 100 = ANY($5) \
         AND o.statuses % 10 = ANY($6)";
    let found = if filter.external_id.is_some() {
        // At most one order, whatever else is asked.
        let customer = match filter.customer_id {
            Some(_) => " AND o.customer_id = $8",
            None => "",
        };
        format!(
            "SELECT o.order_id, o.version FROM orders o WHERE o.external_id = $7{customer} \
             AND o.order_id >= $1 AND o.order_id < $3 AND {statuses}"
        )
    } else if filter.customer_id.is_some() {
        format!(
            "SELECT o.order_id, o.version, o.customer_id FROM orders o \
             WHERE (o.customer_id, o.order_id) >= ($7, $1) \
             AND (o.customer_id, o.order_id) < ($7, $3) AND {statuses} \
             ORDER BY o.customer_id DESC, o.order_id DESC LIMIT $2"
        )
    } else if has_status(filter) {
        "SELECT o.order_id, o.version FROM unnest($4::int2[]) s(state) \
         CROSS JOIN unnest($5::int2[]) p(payment) CROSS JOIN unnest($6::int2[]) f(fulfillment) \
         CROSS JOIN LATERAL (SELECT o.order_id, o.version FROM orders o \
         WHERE (o.statuses, o.order_id) >= (s.state * 1000 + p.payment * 10 + f.fulfillment, $1) \
         AND (o.statuses, o.order_id) < (s.state * 1000 + p.payment * 10 + f.fulfillment, $3) \
         ORDER BY o.statuses DESC, o.order_id DESC LIMIT $2) o ORDER BY o.order_id DESC LIMIT $2"
            .to_owned()
    } else {
        "SELECT o.order_id, o.version FROM orders o WHERE o.order_id >= $1 AND o.order_id < $3 \
         ORDER BY o.order_id DESC LIMIT $2"
            .to_owned()
    };
    // The customer is one and the same; named, it spares a sort.
    let order = if filter.customer_id.is_some() && filter.external_id.is_none() {
        "o.customer_id DESC, o.order_id DESC"
    } else {
        "o.order_id DESC"
    };
    // The limit, of a join that finds one row at most, keeps the planner from reading all events and
    // joining by a hash, which it prefers where it overestimates the page.
    format!(
        "SELECT e.order_id, e.snapshot FROM ({found}) o CROSS JOIN LATERAL \
         (SELECT order_id, snapshot FROM order_events e \
         WHERE e.order_id = o.order_id AND e.version = o.version LIMIT 1) e ORDER BY {order}"
    )
}

pub(crate) fn has_status(filter: &ListFilter) -> bool {
    filter.state.is_some() || filter.payment_status.is_some() || filter.fulfillment_status.is_some()
}

/// The codes that fit: the one that is asked for, or all.
fn statuses(filter: &ListFilter) -> [Vec<i16>; 3] {
    [
        codes(filter.state, State::ALL, State::code),
        codes(
            filter.payment_status,
            PaymentStatus::ALL,
            PaymentStatus::code,
        ),
        codes(
            filter.fulfillment_status,
            FulfillmentStatus::ALL,
            FulfillmentStatus::code,
        ),
    ]
}

fn codes<T: Copy>(wanted: Option<T>, all: &[T], code: fn(T) -> u8) -> Vec<i16> {
    match wanted {
        Some(wanted) => vec![i16::from(code(wanted))],
        None => all.iter().map(|value| i16::from(code(*value))).collect(),
    }
}
