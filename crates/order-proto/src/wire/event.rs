//! An event, written out: the same as the `CloudEvent` of REST and Kafka.

use super::order::order;
use super::parts::{wire_hold, wire_time, wire_units};
use crate::v1;
use order_core::domain::{Cause, Currency, EventData, Fact, LineQuantity, PaymentRelease};
use order_core::ports::{FeedToken, RecordedEvent};

/// An event with its place in the feed.
pub fn event(recorded: &RecordedEvent) -> v1::OrderEvent {
    let event = &recorded.event;
    let written = order(&event.order);
    let mut wire = v1::OrderEvent {
        id: event.id(),
        r#type: event.data.type_name().to_owned(),
        time: Some(wire_time(event.time)),
        order_id: written.order_id.clone(),
        version: written.version,
        position: FeedToken::at(recorded.position).to_string(),
        cause: Some(cause(&event.cause)),
        order: Some(written),
        traceparent: event.cause.traceparent.clone(),
        ..v1::OrderEvent::default()
    };
    set_own_fields(&mut wire, &event.data);
    wire
}

/// The fields that the event's type needs.
fn set_own_fields(wire: &mut v1::OrderEvent, data: &EventData) {
    match data {
        EventData::Placed | EventData::Confirmed | EventData::Expired | EventData::Completed => {}
        EventData::Rejected { reason }
        | EventData::CancellationRequested { reason }
        | EventData::Cancelled { reason } => wire.reason = Some(reason.clone()),
        EventData::Amended { fields } => wire.fields.clone_from(fields),
        EventData::LinesCancelled { lines, reason } => {
            wire.lines = lines.iter().map(units).collect();
            wire.reason = Some(reason.clone());
        }
        EventData::Held(hold) | EventData::Released(hold) => wire.hold = Some(wire_hold(hold)),
        EventData::PaymentChanged(told)
        | EventData::FulfillmentChanged(told)
        | EventData::ReturnChanged(told) => wire.fact = Some(fact(told)),
        EventData::RefundDue { amount, currency } => {
            wire.amount = Some(amount.minor());
            wire.currency = Some(currency.code().to_owned());
        }
        EventData::StockReleaseDue { reservation_ids } => {
            wire.reservation_ids.clone_from(reservation_ids);
        }
        EventData::PaymentReleaseDue { payments } => {
            wire.payments = payments.iter().map(release).collect();
        }
    }
}

fn cause(cause: &Cause) -> v1::Cause {
    v1::Cause {
        caller: cause.caller.clone(),
        source: cause.source.clone(),
        id: cause.id.clone(),
    }
}

fn units(line: &LineQuantity) -> v1::LineQuantity {
    v1::LineQuantity {
        line_no: line.line_no,
        quantity: line.quantity,
    }
}

fn release(release: &PaymentRelease) -> v1::PaymentRelease {
    v1::PaymentRelease {
        payment_id: release.payment_id.clone(),
        amount: release.amount.minor(),
    }
}

fn fact(fact: &Fact) -> v1::RecordedFact {
    let wire = v1::RecordedFact {
        r#type: fact.type_name().to_owned(),
        ..v1::RecordedFact::default()
    };
    match fact {
        Fact::Payment(fact) => v1::RecordedFact {
            payment_id: fact.payment_id.clone(),
            reference: fact.reference.clone(),
            amount: fact.amount.map(order_core::domain::Amount::minor),
            currency: fact
                .currency
                .as_ref()
                .map(Currency::code)
                .map(str::to_owned),
            reason: fact.reason.clone(),
            ..wire
        },
        Fact::Stock(fact) => v1::RecordedFact {
            reservation_id: fact.reservation_id.clone(),
            reason: fact.reason.clone(),
            ..wire
        },
        Fact::Shipment(fact) => v1::RecordedFact {
            shipment_id: fact.shipment_id.clone(),
            carrier: fact.carrier.clone(),
            tracking_number: fact.tracking_number.clone(),
            lines: wire_units(&fact.lines),
            ..wire
        },
        Fact::Return(fact) => v1::RecordedFact {
            return_id: fact.return_id.clone(),
            lines: wire_units(&fact.lines),
            ..wire
        },
    }
}
