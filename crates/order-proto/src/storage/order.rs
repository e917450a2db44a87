//! The written part of an order.

use super::stored;
use super::value::{DecodeError, amount, code, currency, from_amount, order_id, time};
use super::{fact, line};
use order_core::domain::{
    Asked, Fact, FulfillmentStatus, Ledger, Line, Order, PaymentStatus, PaymentSums, PaymentTerms,
    ReturnStatus, State, Timestamp, Totals,
};

pub(crate) fn to_stored(order: &Order) -> stored::Order {
    let ledger = &order.ledger;
    stored::Order {
        order_id: order.order_id.to_bytes().to_vec(),
        partition: u32::from(order.partition),
        version: order.version,
        placed_at: order.placed_at.millis(),
        updated_at: order.updated_at.millis(),
        external_id: order.external_id.clone(),
        customer_id: order.customer_id.clone(),
        currency: order.currency.code().to_owned(),
        lines: order.lines.iter().map(line::to_stored).collect(),
        discount: from_amount(order.discount),
        shipping: from_amount(order.shipping),
        tax: from_amount(order.tax),
        payment_terms: u32::from(order.payment_terms.code()),
        shipping_address: order.shipping_address.as_ref().map(line::address_to_stored),
        metadata: order.metadata.clone(),
        confirm_before: order.confirm_before.map(Timestamp::millis),
        deadline_handled: order.deadline_handled,
        state: u32::from(order.state.code()),
        cancel_reason: order.cancel_reason.clone(),
        shipped_while_cancelling: order.shipped_while_cancelling,
        payments: ledger
            .payments()
            .iter()
            .map(fact::payment_to_stored)
            .collect(),
        stock: ledger.stock().iter().map(fact::stock_to_stored).collect(),
        shipments: ledger
            .shipments()
            .iter()
            .map(fact::shipment_to_stored)
            .collect(),
        returns: ledger
            .returns()
            .iter()
            .map(fact::return_to_stored)
            .collect(),
        caller_holds: order
            .caller_holds
            .iter()
            .map(line::hold_to_stored)
            .collect(),
        acknowledged: order.acknowledged.clone(),
        asked_refund: from_amount(order.asked.refund),
        asked_reservation_ids: order.asked.reservation_ids.iter().cloned().collect(),
        asked_payments: order
            .asked
            .payments
            .iter()
            .map(|(payment_id, amount)| (payment_id.clone(), from_amount(*amount)))
            .collect(),
    }
}

pub(crate) fn from_stored(order: stored::Order) -> Result<Order, DecodeError> {
    let ledger = ledger(order.payments, order.stock, order.shipments, order.returns)?;
    let mut restored = Order {
        order_id: order_id(&order.order_id)?,
        partition: u16::try_from(order.partition)
            .map_err(|_| DecodeError::field("partition", &order.partition))?,
        version: order.version,
        placed_at: time("placed_at", order.placed_at)?,
        updated_at: time("updated_at", order.updated_at)?,
        external_id: order.external_id,
        customer_id: order.customer_id,
        currency: currency("currency", &order.currency)?,
        lines: lines(order.lines)?,
        discount: amount("discount", order.discount)?,
        shipping: amount("shipping", order.shipping)?,
        tax: amount("tax", order.tax)?,
        payment_terms: code(
            "payment_terms",
            order.payment_terms,
            PaymentTerms::from_code,
        )?,
        shipping_address: order.shipping_address.map(line::address_from_stored),
        metadata: order.metadata,
        confirm_before: order
            .confirm_before
            .map(|ms| time("confirm_before", ms))
            .transpose()?,
        deadline_handled: order.deadline_handled,
        state: code("state", order.state, State::from_code)?,
        cancel_reason: order.cancel_reason,
        shipped_while_cancelling: order.shipped_while_cancelling,
        ledger,
        caller_holds: order
            .caller_holds
            .into_iter()
            .map(line::hold_from_stored)
            .collect(),
        acknowledged: order.acknowledged,
        asked: Asked {
            refund: amount("asked_refund", order.asked_refund)?,
            reservation_ids: order.asked_reservation_ids.into_iter().collect(),
            payments: order
                .asked_payments
                .into_iter()
                .map(|(payment_id, minor)| Ok((payment_id, amount("asked_payments", minor)?)))
                .collect::<Result<_, DecodeError>>()?,
        },
        totals: Totals::default(),
        payment: PaymentSums::default(),
        payment_status: PaymentStatus::None,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        return_status: ReturnStatus::None,
        shipments: Vec::new(),
        returns: Vec::new(),
        holds: Vec::new(),
    };
    restored.derive();
    Ok(restored)
}

fn lines(lines: Vec<stored::Line>) -> Result<Vec<Line>, DecodeError> {
    (1..)
        .zip(lines)
        .map(|(line_no, of)| line::from_stored(line_no, of))
        .collect()
}

fn ledger(
    payments: Vec<stored::PaymentFact>,
    stock: Vec<stored::StockFact>,
    shipments: Vec<stored::ShipmentFact>,
    returns: Vec<stored::ReturnFact>,
) -> Result<Ledger, DecodeError> {
    let payments = payments
        .into_iter()
        .map(|of| fact::payment_from_stored(of).map(Fact::Payment));
    let stock = stock
        .into_iter()
        .map(|of| fact::stock_from_stored(of).map(Fact::Stock));
    let shipments = shipments
        .into_iter()
        .map(|of| fact::shipment_from_stored(of).map(Fact::Shipment));
    let returns = returns
        .into_iter()
        .map(|of| Ok(Fact::Return(fact::return_from_stored(of))));
    let facts = payments.chain(stock).chain(shipments).chain(returns);
    Ok(Ledger::from_facts(
        facts.collect::<Result<Vec<Fact>, DecodeError>>()?,
    ))
}
