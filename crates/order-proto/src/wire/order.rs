//! An order, written out.

use super::parts::{wire_count, wire_hold, wire_time, wire_units};
use crate::v1;
use order_core::domain::{Address, AllowedAction, Line, Order, Return, Shipment};

/// An order as it is at one version.
pub fn order(order: &Order) -> v1::Order {
    v1::Order {
        order_id: order.order_id.to_string(),
        external_id: order.external_id.clone(),
        customer_id: order.customer_id.clone(),
        currency: order.currency.code().to_owned(),
        state: order.state.code().into(),
        payment_status: order.payment_status.code().into(),
        fulfillment_status: order.fulfillment_status.code().into(),
        return_status: order.return_status.code().into(),
        lines: order.lines.iter().map(line).collect(),
        discount: order.discount.minor(),
        shipping: order.shipping.minor(),
        tax: order.tax.minor(),
        totals: Some(v1::Totals {
            subtotal: order.totals.subtotal.minor(),
            discount: order.totals.discount.minor(),
            shipping: order.totals.shipping.minor(),
            tax: order.totals.tax.minor(),
            total: order.totals.total.minor(),
        }),
        payment_terms: order.payment_terms.code().into(),
        payment: Some(v1::Payment {
            authorized: order.payment.authorized.minor(),
            captured: order.payment.captured.minor(),
            refunded: order.payment.refunded.minor(),
            voided: order.payment.voided.minor(),
        }),
        shipping_address: order.shipping_address.as_ref().map(address),
        metadata: order.metadata.clone(),
        confirm_before: order.confirm_before.map(wire_time),
        shipments: order.shipments.iter().map(shipment).collect(),
        returns: order.returns.iter().map(goods_return).collect(),
        holds: order.holds.iter().map(wire_hold).collect(),
        allowed_actions: order.allowed_actions().iter().map(action).collect(),
        version: wire_count(order.version),
        etag: order.etag(),
        placed_at: Some(wire_time(order.placed_at)),
        updated_at: Some(wire_time(order.updated_at)),
    }
}

fn line(line: &Line) -> v1::OrderLine {
    v1::OrderLine {
        line_no: line.line_no.into(),
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.quantity.into(),
        unit_price: line.unit_price.minor(),
        discount: line.discount.minor(),
        tax: line.tax.minor(),
        allocated_discount: line.allocated_discount.minor(),
        allocated_tax: line.allocated_tax.minor(),
        total: line.total.minor(),
        cancelled: line.cancelled.into(),
        shipped: wire_count(line.counters.shipped),
        delivered: wire_count(line.counters.delivered),
        returned: wire_count(line.counters.returned),
    }
}

fn address(address: &Address) -> v1::Address {
    v1::Address {
        name: address.name.clone(),
        lines: address.lines.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
    }
}

fn shipment(shipment: &Shipment) -> v1::Shipment {
    v1::Shipment {
        shipment_id: shipment.shipment_id.clone(),
        status: shipment.status.code().into(),
        carrier: shipment.carrier.clone(),
        tracking_number: shipment.tracking_number.clone(),
        lines: wire_units(&shipment.lines),
    }
}

fn goods_return(back: &Return) -> v1::Return {
    v1::Return {
        return_id: back.return_id.clone(),
        lines: wire_units(&back.lines),
    }
}

fn action(action: &AllowedAction) -> v1::AllowedAction {
    v1::AllowedAction {
        action: action.action.code().into(),
        allowed: action.refusal.is_none(),
        reason: action.refusal.map(str::to_owned),
    }
}
