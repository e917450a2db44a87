//! Facts, written the way a test reads: `fact::captured(&order, "pay-1", 1_000)`.

use order_core::domain::{
    Amount, Fact, Order, PaymentFact, PaymentKind, ReturnFact, ShipmentFact, ShipmentKind,
    StockFact, StockKind,
};

/// So much of the order's currency is promised.
pub fn authorized(order: &Order, payment_id: &str, minor: i64) -> Fact {
    payment(order, payment_id, PaymentKind::Authorized, "", Some(minor))
}

/// So much is taken.
pub fn captured(order: &Order, payment_id: &str, minor: i64) -> Fact {
    payment(order, payment_id, PaymentKind::Captured, "", Some(minor))
}

/// The attempt failed.
pub fn failed(order: &Order, payment_id: &str) -> Fact {
    payment(order, payment_id, PaymentKind::Failed, "", None)
}

/// The whole authorisation was given back.
pub fn voided(order: &Order, payment_id: &str) -> Fact {
    payment(order, payment_id, PaymentKind::Voided, "", None)
}

/// So much was given back, under this reference.
pub fn refunded(order: &Order, payment_id: &str, reference: &str, minor: i64) -> Fact {
    payment(
        order,
        payment_id,
        PaymentKind::Refunded,
        reference,
        Some(minor),
    )
}

/// The refund under this reference did not go through.
pub fn refund_failed(order: &Order, payment_id: &str, reference: &str) -> Fact {
    payment(
        order,
        payment_id,
        PaymentKind::RefundFailed,
        reference,
        None,
    )
}

/// The customer's bank disputes so much, under this reference.
pub fn chargeback_opened(order: &Order, payment_id: &str, reference: &str, minor: i64) -> Fact {
    payment(
        order,
        payment_id,
        PaymentKind::ChargebackOpened,
        reference,
        Some(minor),
    )
}

/// The dispute under this reference is over, for us.
pub fn chargeback_reversed(order: &Order, payment_id: &str, reference: &str, minor: i64) -> Fact {
    payment(
        order,
        payment_id,
        PaymentKind::ChargebackReversed,
        reference,
        Some(minor),
    )
}

/// Any fact of money, in the order's currency.
pub fn payment(
    order: &Order,
    payment_id: &str,
    kind: PaymentKind,
    reference: &str,
    minor: Option<i64>,
) -> Fact {
    let amount = minor.map(|minor| Amount::saturating(i128::from(minor)));
    Fact::Payment(PaymentFact {
        payment_id: payment_id.to_owned(),
        kind,
        reference: reference.to_owned(),
        amount,
        currency: amount.map(|_| order.currency),
        reason: String::new(),
    })
}

/// The goods are set aside.
pub fn reserved(reservation_id: &str) -> Fact {
    stock(reservation_id, StockKind::Reserved)
}

/// There are none.
pub fn refused(reservation_id: &str) -> Fact {
    stock(reservation_id, StockKind::Refused)
}

/// They are no longer set aside.
pub fn released(reservation_id: &str) -> Fact {
    stock(reservation_id, StockKind::Released)
}

/// Any fact of stock.
pub fn stock(reservation_id: &str, kind: StockKind) -> Fact {
    Fact::Stock(StockFact {
        reservation_id: reservation_id.to_owned(),
        kind,
        reason: String::new(),
    })
}

/// A parcel left with these units: line number and quantity.
pub fn shipped(shipment_id: &str, lines: &[(u32, u32)]) -> Fact {
    shipment(shipment_id, ShipmentKind::Shipped, lines)
}

/// A parcel left with everything that was ordered.
pub fn shipped_all(order: &Order, shipment_id: &str) -> Fact {
    let all: Vec<(u32, u32)> = order
        .lines
        .iter()
        .map(|line| (line.line_no, line.quantity))
        .collect();
    shipped(shipment_id, &all)
}

/// It arrived.
pub fn delivered(shipment_id: &str) -> Fact {
    shipment(shipment_id, ShipmentKind::Delivered, &[])
}

/// It is lost.
pub fn lost(shipment_id: &str) -> Fact {
    shipment(shipment_id, ShipmentKind::Lost, &[])
}

/// Any fact of a parcel.
pub fn shipment(shipment_id: &str, kind: ShipmentKind, lines: &[(u32, u32)]) -> Fact {
    Fact::Shipment(ShipmentFact {
        shipment_id: shipment_id.to_owned(),
        kind,
        lines: lines.to_vec(),
        carrier: String::new(),
        tracking_number: String::new(),
    })
}

/// These units came back.
pub fn returned(return_id: &str, lines: &[(u32, u32)]) -> Fact {
    Fact::Return(ReturnFact {
        return_id: return_id.to_owned(),
        lines: lines.to_vec(),
    })
}
