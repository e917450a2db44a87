//! An order to place.

use super::{enums, parts};
use crate::v1;
use order_core::domain::{Address, NewLine, NewOrder, Timestamp, Violations};

/// The path of the order in its request, before the paths of its fields.
const ORDER: &str = "order";

/// The order to place. What is wrong is told in the paths of the request, which begin with `order`.
pub fn new_order(order: Option<v1::NewOrder>, wrong: &mut Violations) -> NewOrder {
    let Some(order) = order else {
        wrong.add(ORDER, "is required");
        return NewOrder::default();
    };
    let terms = enums::payment_terms(order.payment_terms, "order.payment_terms", wrong);
    // A time that is none is told; the latest one stands in for it, since it is in the future.
    let confirm_before = order
        .confirm_before
        .map(|at| parts::time(at, "order.confirm_before", wrong).unwrap_or(Timestamp::MAX));
    NewOrder {
        external_id: order.external_id,
        customer_id: order.customer_id,
        currency: order.currency,
        lines: order.lines.into_iter().map(new_line).collect(),
        discount: order.discount,
        shipping: order.shipping,
        tax: order.tax,
        expected_total: order.expected_total,
        payment_terms: terms,
        shipping_address: order.shipping_address.map(address),
        metadata: order.metadata,
        confirm_before,
    }
}

/// What the domain told of an order to place, in the paths of the request. `request_id` stands beside
/// the order; everything else is in it.
pub fn place_violations(told: Violations, request_id: &str) -> Violations {
    if told.as_slice().iter().all(|one| one.field != request_id) {
        // This also keeps what a total that differs is known by.
        return told.prefixed("order.");
    }
    let mut all = Violations::new();
    for one in told.as_slice() {
        let inside = if one.field == request_id {
            ""
        } else {
            "order."
        };
        all.add(format!("{inside}{}", one.field), one.reason.clone());
    }
    all
}

fn new_line(line: v1::NewOrderLine) -> NewLine {
    NewLine {
        sku: line.sku,
        name: line.name,
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount: line.discount,
        tax: line.tax,
    }
}

fn address(address: v1::Address) -> Address {
    Address {
        name: address.name,
        lines: address.lines,
        city: address.city,
        region: address.region,
        postal_code: address.postal_code,
        country: address.country,
    }
}
