//! What is written is read back, and takes little room.

use crate::samples;
use order_core::domain::{Cause, Order, OrderId, Timestamp};
use order_proto::storage::{decode_event_data, decode_order, encode_event_data, encode_order};
use proptest::prelude::*;
use std::sync::Arc;
use testkit::strategies::{any_facts, any_new_order};
use testkit::{Desk, event_of_every_kind, full_order, new_order};

/// Any placed order with any facts, through the domain's own decisions.
fn any_order() -> impl Strategy<Value = Order> {
    let at = Timestamp::from_millis(1_735_689_600_000).unwrap();
    any_new_order()
        .prop_filter_map("placed", move |new| {
            Order::place(new, OrderId::v7(at, 1, 2), 0, at).ok()
        })
        .prop_flat_map(|order| (any_facts(&order), Just(order)))
        .prop_map(move |(facts, order)| {
            facts.into_iter().fold(order, |order, fact| {
                let decision = order.record(fact, at, Arc::new(Cause::default()));
                let last = decision
                    .ok()
                    .and_then(|decision| decision.events.last().cloned());
                last.map_or(order, |event| Order::clone(&event.order))
            })
        })
}

proptest! {
    #[test]
    fn any_order_is_read_back_derived_part_and_all(order in any_order()) {
        prop_assert_eq!(decode_order(&encode_order(&order)).unwrap(), order);
    }
}

#[test]
fn an_order_with_every_field_and_every_event_is_read_back() {
    let desk = Desk::new();
    let order = full_order(&desk);
    assert_eq!(decode_order(&encode_order(&order)).unwrap(), order);
    for event in event_of_every_kind(&desk, &order) {
        assert_eq!(
            decode_event_data(&encode_event_data(&event.data)).unwrap(),
            event.data
        );
        assert_eq!(
            decode_order(&encode_order(&event.order)).unwrap(),
            *event.order
        );
    }
}

#[test]
fn an_order_of_two_lines_takes_less_than_300_bytes_and_a_buffer_of_just_that() {
    let bytes = encode_order(&samples::fresh());
    assert!(bytes.len() < 300, "{}", bytes.len());
    assert_eq!(bytes.capacity(), bytes.len());
}

#[test]
fn the_largest_order_is_read_back() {
    let order = Desk::new().order(new_order().lines(1_000));
    let bytes = encode_order(&order);
    assert!(bytes.len() < 64 * 1_000, "{}", bytes.len());
    assert_eq!(decode_order(&bytes).unwrap(), order);
}
