//! What the small numbers of a drawn step stand for.

use crate::fact;
use order_core::domain::{
    Fact, FactKey, FulfillmentStatus, IdempotencyKey, Order, OrderId, PaymentStatus, State,
    Timestamp,
};
use order_core::ports::ListFilter;

/// 2025-01-01T00:00:00Z.
const START_MILLIS: i64 = 1_735_689_600_000;
/// Between two orders' times of placing, and between two deadlines.
const APART_MILLIS: i64 = 1_000;
/// The first deadline, after the start.
const DEADLINES_MILLIS: i64 = 10_000_000;

pub(super) fn start() -> Timestamp {
    Timestamp::default().plus_millis(START_MILLIS)
}

pub(super) fn order_id(slot: u64) -> OrderId {
    let after = APART_MILLIS.saturating_mul(i64::try_from(slot).unwrap_or(0));
    OrderId::v7(start().plus_millis(after), 0, slot)
}

/// Long past by every store's clock, or never to be reached.
pub(super) fn deadline(place: u64) -> Timestamp {
    if place.is_multiple_of(4) {
        return Timestamp::MAX;
    }
    start().plus_millis(DEADLINES_MILLIS + APART_MILLIS * i64::try_from(place).unwrap_or(0))
}

pub(super) fn key(n: u8) -> IdempotencyKey {
    IdempotencyKey(u128::from(n).wrapping_mul(u128::MAX / 11))
}

pub(super) fn fact_key(n: u8) -> FactKey {
    FactKey {
        source: format!("/source/{}", n % 2),
        id: format!("id-{}", n / 2),
    }
}

pub(super) fn external_id(n: u8) -> String {
    format!("shop-{n}")
}

/// One of the facts that move an order on, undo each other or contradict it.
pub(super) fn any_fact(order: &Order, n: u8) -> Fact {
    let half = order.totals.total.minor() / 2;
    match n {
        0..4 => fact::reserved("res-1"),
        4 => fact::refused("res-1"),
        5 => fact::released("res-1"),
        6..9 => fact::captured(order, "pay-1", order.totals.total.minor()),
        9 => fact::captured(order, "pay-2", half),
        10 => fact::authorized(order, "pay-1", half),
        11 => fact::voided(order, "pay-1"),
        12 => fact::failed(order, "pay-3"),
        13 => fact::refunded(order, "pay-1", "ref-1", half),
        14 => fact::chargeback_opened(order, "pay-1", "cb-1", half),
        15..18 => fact::shipped_all(order, "parcel-1"),
        18 => fact::shipped("parcel-2", &[(1, 1)]),
        19..21 => fact::delivered("parcel-1"),
        21 => fact::lost("parcel-2"),
        _ => fact::returned("return-1", &[(1, 1)]),
    }
}

pub(super) fn filter(
    [
        customer,
        external,
        state,
        payment,
        fulfillment,
        after,
        before,
    ]: [Option<u8>; 7],
) -> ListFilter {
    fn of<T: Copy>(all: &[T], n: u8) -> T {
        all[usize::from(n) % all.len()]
    }
    let placed = |n: u8| {
        order_id((n % 8).into())
            .placed_at()
            .plus_millis(i64::from(n / 128))
    };
    ListFilter {
        customer_id: customer.map(|n| format!("customer-{}", n % 3)),
        external_id: external.map(|n| external_id(n % 5)),
        state: state.map(|n| of(State::ALL, n % 4)),
        payment_status: payment.map(|n| of(PaymentStatus::ALL, n % 6)),
        fulfillment_status: fulfillment.map(|n| of(FulfillmentStatus::ALL, n)),
        placed_after: after.map(placed),
        placed_before: before.map(placed),
    }
}
