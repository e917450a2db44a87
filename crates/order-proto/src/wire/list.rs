//! Which orders a list holds, and which events a watcher wants.

use super::{enums, parts};
use crate::v1;
use order_core::app::{EventFilter, PageRequest};
use order_core::domain::Violations;
use order_core::ports::ListFilter;

/// The page that a list asks for.
pub fn page_request(request: v1::ListOrdersRequest, wrong: &mut Violations) -> PageRequest {
    let after = |at| parts::time(at, "placed_after", wrong);
    let placed_after = request.placed_after.and_then(after);
    let before = |at| parts::time(at, "placed_before", wrong);
    let placed_before = request.placed_before.and_then(before);
    let filter = ListFilter {
        customer_id: request.customer_id,
        external_id: request.external_id,
        state: enums::state(request.state, "state", wrong),
        payment_status: enums::payment_status(request.payment_status, "payment_status", wrong),
        fulfillment_status: enums::fulfillment_status(
            request.fulfillment_status,
            "fulfillment_status",
            wrong,
        ),
        placed_after,
        placed_before,
    };
    PageRequest {
        filter,
        page_size: Some(request.page_size.into()),
        page_token: Some(request.page_token).filter(|token| !token.is_empty()),
    }
}

/// The events that a watcher wants.
pub fn event_filter(
    customer_id: Option<String>,
    state: i32,
    wrong: &mut Violations,
) -> EventFilter {
    // Nothing is of a customer without a name: a variable that was never set must not be a filter.
    if customer_id.as_deref() == Some("") {
        wrong.add("customer_id", "must not be empty");
    }
    EventFilter {
        customer_id,
        state: enums::state(state, "state", wrong),
    }
}
