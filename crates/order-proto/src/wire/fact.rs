//! A fact: from its request, and what became of it.

use super::enums::{self, must_be_one_of};
use super::parts::{line_quantities, wire_count};
use crate::v1;
use crate::v1::record_fact_request::{Fact, Order};
use order_core::app::{FactOutcome, FactReceipt};
use order_core::domain::{
    NewFact, NewFactBody, OrderId, PaymentKind, ShipmentKind, StockKind, Violations,
};

/// The fact that a request tells, checked whole; what is wrong is told in the request's paths. Where
/// anything is wrong the fact is not to be recorded.
pub fn new_fact(request: v1::RecordFactRequest, wrong: &mut Violations) -> NewFact {
    let (order_id, external_id) = match request.order {
        Some(Order::OrderId(text)) => (Some(super::order_id(&text, wrong)), None),
        Some(Order::ExternalId(text)) => (None, Some(text)),
        None => {
            wrong.add("order_id", "is required, or external_id in its place");
            (Some(OrderId::NIL), None)
        }
    };
    let (place, body) = match request.fact {
        Some(Fact::Payment(fact)) => ("payment", payment(fact, wrong)),
        Some(Fact::Stock(fact)) => ("stock", stock(fact, wrong)),
        Some(Fact::Shipment(fact)) => ("shipment", shipment(fact, wrong)),
        Some(Fact::GoodsReturn(fact)) => ("goods_return", goods_return(fact, wrong)),
        None => {
            wrong.add(
                "fact",
                "is required: one of payment, stock, shipment, goods_return",
            );
            ("fact", placeholder())
        }
    };
    let fact = NewFact {
        source: request.source,
        id: request.id,
        order_id,
        external_id,
        body,
    };
    // The domain's own checks are cheap, and their paths have to be put in the request's words.
    if let Err(told) = fact.clone().check() {
        wrong.merge(respelled(&told, place));
    }
    fact
}

/// What became of a fact, written out.
pub fn receipt(receipt: &FactReceipt) -> v1::RecordFactResponse {
    let outcome = match receipt.outcome {
        FactOutcome::Applied => v1::FactOutcome::Applied,
        FactOutcome::Duplicate => v1::FactOutcome::Duplicate,
        FactOutcome::Parked => v1::FactOutcome::Parked,
        FactOutcome::Held => v1::FactOutcome::Held,
    };
    v1::RecordFactResponse {
        outcome: outcome.into(),
        order_id: receipt.order_id.map(|order_id| order_id.to_string()),
        version: receipt.version.map(wire_count),
    }
}

/// The domain's paths are those of a `CloudEvent` in structured mode.
fn respelled(told: &Violations, place: &str) -> Violations {
    let mut respelled = Violations::new();
    for one in told.as_slice() {
        let field = match one.field.strip_prefix("data.") {
            Some(rest @ ("order_id" | "external_id")) => rest.to_owned(),
            Some(rest) => format!("{place}.{rest}"),
            None => one.field.clone(),
        };
        respelled.add(field, one.reason.clone());
    }
    respelled
}

fn payment(fact: v1::PaymentFact, wrong: &mut Violations) -> NewFactBody {
    // Where the kind is wrong, the one stands in that asks for no more than is there.
    let stand_in = if fact.amount.is_some() {
        PaymentKind::Captured
    } else {
        PaymentKind::Failed
    };
    let kind = required("payment.kind", fact.kind, wrong, enums::payment_kind);
    NewFactBody::Payment {
        kind: kind.unwrap_or(stand_in),
        payment_id: fact.payment_id,
        reference: Some(fact.reference),
        amount: fact.amount,
        currency: fact.currency,
        reason: Some(fact.reason),
    }
}

fn stock(fact: v1::StockFact, wrong: &mut Violations) -> NewFactBody {
    let kind = required("stock.kind", fact.kind, wrong, enums::stock_kind);
    NewFactBody::Stock {
        kind: kind.unwrap_or(StockKind::Reserved),
        reservation_id: fact.reservation_id,
        reason: Some(fact.reason),
    }
}

fn shipment(fact: v1::ShipmentFact, wrong: &mut Violations) -> NewFactBody {
    let stand_in = if fact.lines.is_empty() {
        ShipmentKind::Lost
    } else {
        ShipmentKind::Shipped
    };
    let kind = required("shipment.kind", fact.kind, wrong, enums::shipment_kind);
    NewFactBody::Shipment {
        kind: kind.unwrap_or(stand_in),
        shipment_id: fact.shipment_id,
        carrier: Some(fact.carrier),
        tracking_number: Some(fact.tracking_number),
        lines: line_quantities(&fact.lines),
    }
}

fn goods_return(fact: v1::ReturnFact, wrong: &mut Violations) -> NewFactBody {
    let received = v1::ReturnFactKind::Received;
    if fact.kind != i32::from(received) {
        let reason = must_be_one_of([received.as_str_name()].into_iter());
        wrong.add("goods_return.kind", reason);
    }
    NewFactBody::Return {
        return_id: fact.return_id,
        lines: line_quantities(&fact.lines),
    }
}

/// A kind that must be there.
fn required<T>(
    field: &str,
    number: i32,
    wrong: &mut Violations,
    read: fn(i32, &str, &mut Violations) -> Option<T>,
) -> Option<T> {
    // No kind has this number, so that the message names all of them.
    let number = if number == 0 { -1 } else { number };
    read(number, field, wrong)
}

/// Stands in for a fact that is missing, while the rest is checked.
fn placeholder() -> NewFactBody {
    NewFactBody::Stock {
        kind: StockKind::Reserved,
        reservation_id: "none".to_owned(),
        reason: None,
    }
}
