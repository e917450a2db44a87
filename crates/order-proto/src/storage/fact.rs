//! Facts: in a ledger, in an event, in the parking.

use super::stored;
use super::value::{
    DecodeError, amount, code, currency, from_amount, order_id, present, time, wide,
};
use order_core::domain::{
    Fact, FactKey, Fingerprint, IncomingFact, OrderRef, PaymentFact, PaymentKind, ReturnFact,
    ShipmentFact, ShipmentKind, StockFact, StockKind,
};
use order_core::ports::ParkedFact;
use stored::fact::Fact as StoredFact;
use stored::parked_fact::Order as StoredRef;

pub(crate) fn to_stored(fact: &Fact) -> stored::Fact {
    let fact = match fact {
        Fact::Payment(fact) => StoredFact::Payment(payment_to_stored(fact)),
        Fact::Stock(fact) => StoredFact::Stock(stock_to_stored(fact)),
        Fact::Shipment(fact) => StoredFact::Shipment(shipment_to_stored(fact)),
        Fact::Return(fact) => StoredFact::Returned(return_to_stored(fact)),
    };
    stored::Fact { fact: Some(fact) }
}

pub(crate) fn from_stored(fact: stored::Fact) -> Result<Fact, DecodeError> {
    Ok(match present("fact", fact.fact)? {
        StoredFact::Payment(fact) => Fact::Payment(payment_from_stored(fact)?),
        StoredFact::Stock(fact) => Fact::Stock(stock_from_stored(fact)?),
        StoredFact::Shipment(fact) => Fact::Shipment(shipment_from_stored(fact)?),
        StoredFact::Returned(fact) => Fact::Return(return_from_stored(fact)),
    })
}

pub(crate) fn payment_to_stored(fact: &PaymentFact) -> stored::PaymentFact {
    stored::PaymentFact {
        payment_id: fact.payment_id.clone(),
        kind: u32::from(fact.kind.code()),
        reference: fact.reference.clone(),
        amount: fact.amount.map(from_amount),
        currency: fact
            .currency
            .map(|currency| currency.code().to_owned())
            .unwrap_or_default(),
        reason: fact.reason.clone(),
    }
}

pub(crate) fn payment_from_stored(fact: stored::PaymentFact) -> Result<PaymentFact, DecodeError> {
    let named = Some(fact.currency.as_str()).filter(|code| !code.is_empty());
    Ok(PaymentFact {
        kind: code("payments.kind", fact.kind, PaymentKind::from_code)?,
        amount: fact
            .amount
            .map(|minor| amount("payments.amount", minor))
            .transpose()?,
        currency: named
            .map(|code| currency("payments.currency", code))
            .transpose()?,
        payment_id: fact.payment_id,
        reference: fact.reference,
        reason: fact.reason,
    })
}

pub(crate) fn stock_to_stored(fact: &StockFact) -> stored::StockFact {
    stored::StockFact {
        reservation_id: fact.reservation_id.clone(),
        kind: u32::from(fact.kind.code()),
        reason: fact.reason.clone(),
    }
}

pub(crate) fn stock_from_stored(fact: stored::StockFact) -> Result<StockFact, DecodeError> {
    Ok(StockFact {
        reservation_id: fact.reservation_id,
        kind: code("stock.kind", fact.kind, StockKind::from_code)?,
        reason: fact.reason,
    })
}

pub(crate) fn shipment_to_stored(fact: &ShipmentFact) -> stored::ShipmentFact {
    stored::ShipmentFact {
        shipment_id: fact.shipment_id.clone(),
        kind: u32::from(fact.kind.code()),
        lines: units_to_stored(&fact.lines),
        carrier: fact.carrier.clone(),
        tracking_number: fact.tracking_number.clone(),
    }
}

pub(crate) fn shipment_from_stored(
    fact: stored::ShipmentFact,
) -> Result<ShipmentFact, DecodeError> {
    Ok(ShipmentFact {
        shipment_id: fact.shipment_id,
        kind: code("shipments.kind", fact.kind, ShipmentKind::from_code)?,
        lines: units_from_stored(&fact.lines),
        carrier: fact.carrier,
        tracking_number: fact.tracking_number,
    })
}

pub(crate) fn return_to_stored(fact: &ReturnFact) -> stored::ReturnFact {
    stored::ReturnFact {
        return_id: fact.return_id.clone(),
        lines: units_to_stored(&fact.lines),
    }
}

pub(crate) fn return_from_stored(fact: stored::ReturnFact) -> ReturnFact {
    ReturnFact {
        return_id: fact.return_id,
        lines: units_from_stored(&fact.lines),
    }
}

fn units_to_stored(lines: &[(u32, u32)]) -> Vec<stored::LineUnits> {
    lines
        .iter()
        .map(|&(line_no, quantity)| stored::LineUnits { line_no, quantity })
        .collect()
}

fn units_from_stored(lines: &[stored::LineUnits]) -> Vec<(u32, u32)> {
    lines
        .iter()
        .map(|units| (units.line_no, units.quantity))
        .collect()
}

pub(crate) fn parked_to_stored(parked: &ParkedFact) -> stored::ParkedFact {
    let IncomingFact { key, order, fact } = &parked.fact;
    stored::ParkedFact {
        source: key.source.clone(),
        id: key.id.clone(),
        order: Some(match order {
            OrderRef::Id(id) => StoredRef::OrderId(id.to_bytes().to_vec()),
            OrderRef::External(number) => StoredRef::ExternalId(number.clone()),
        }),
        fact: Some(to_stored(fact)),
        fingerprint: parked.fingerprint.0.to_be_bytes().to_vec(),
        parked_at: parked.parked_at.millis(),
        traceparent: parked.traceparent.clone(),
        caller: parked.caller.clone(),
    }
}

pub(crate) fn parked_from_stored(parked: stored::ParkedFact) -> Result<ParkedFact, DecodeError> {
    let order = match present("parked.order", parked.order)? {
        StoredRef::OrderId(bytes) => OrderRef::Id(order_id(&bytes)?),
        StoredRef::ExternalId(number) => OrderRef::External(number),
    };
    Ok(ParkedFact {
        fact: IncomingFact {
            key: FactKey {
                source: parked.source,
                id: parked.id,
            },
            order,
            fact: from_stored(present("parked.fact", parked.fact)?)?,
        },
        fingerprint: Fingerprint(wide("parked.fingerprint", &parked.fingerprint)?),
        parked_at: time("parked.parked_at", parked.parked_at)?,
        traceparent: parked.traceparent,
        caller: parked.caller,
    })
}
