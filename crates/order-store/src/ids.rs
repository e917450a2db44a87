//! The ids that a list may answer. Ids carry the time of placing, so a range of time is a range of ids.

use order_core::domain::{OrderId, Timestamp};
use order_core::ports::ListQuery;

/// The ids from the first to below the second, if there is such a bound; `None` if there can be none.
pub fn ids_of(query: &ListQuery) -> Option<(OrderId, Option<OrderId>)> {
    let from = query
        .filter
        .placed_after
        .map_or(OrderId::from_u128(0), floor);
    let until = query.filter.placed_before.map(floor);
    let below = [query.before, until].into_iter().flatten().min();
    if below.is_some_and(|below| below <= from) {
        return None;
    }
    Some((from, below))
}

/// The smallest id of an order placed at `at` or later. Ids know no time before 1970.
fn floor(at: Timestamp) -> OrderId {
    if at.millis() <= 0 {
        OrderId::from_u128(0)
    } else {
        OrderId::floor_of(at)
    }
}
