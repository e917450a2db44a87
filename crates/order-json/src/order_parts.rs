//! The parts of an order, written out.

use crate::scalars::{
    ActionName, AmountValue, Count, CountryCode, Identifier, LineNo, NameText, QuantityValue,
    ShipmentStatusName,
};
use crate::views::{Each, amount};
use order_core::domain::{
    Address, AllowedAction, Amount, Hold, Line, LineQuantity, PaymentSums, Return, Shipment, Totals,
};
use serde::Serialize;
use utoipa::ToSchema;

/// One line of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct LineView<'a> {
    /// 1 for the first line.
    #[schema(value_type = LineNo)]
    line_no: u32,
    /// What is sold.
    #[schema(value_type = Identifier)]
    sku: &'a str,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = NameText, required = false)]
    name: Option<&'a str>,
    /// How many were ordered.
    #[schema(value_type = QuantityValue)]
    quantity: u32,
    /// The price of one.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    unit_price: Amount,
    /// The line's own discount.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    discount: Amount,
    /// The line's own tax.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    tax: Amount,
    /// Its share of the order's discount.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    allocated_discount: Amount,
    /// Its share of the order's tax.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    allocated_tax: Amount,
    /// `quantity` × `unit_price` − `discount` + `tax` − `allocated_discount` + `allocated_tax`.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    total: Amount,
    /// Units that were cancelled.
    #[schema(value_type = Count)]
    cancelled: u32,
    /// Units that left, in parcels that are not lost.
    #[schema(value_type = Count)]
    shipped: u64,
    /// Units that arrived.
    #[schema(value_type = Count)]
    delivered: u64,
    /// Units that came back.
    #[schema(value_type = Count)]
    returned: u64,
}

impl<'a> From<&'a Line> for LineView<'a> {
    fn from(line: &'a Line) -> LineView<'a> {
        LineView {
            line_no: line.line_no,
            sku: &line.sku,
            name: line.name.as_deref(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount: line.discount,
            tax: line.tax,
            allocated_discount: line.allocated_discount,
            allocated_tax: line.allocated_tax,
            total: line.total,
            cancelled: line.cancelled,
            shipped: line.counters.shipped,
            delivered: line.counters.delivered,
            returned: line.counters.returned,
        }
    }
}

/// The order's sums: subtotal − discount + shipping + tax = total.
#[derive(Serialize, ToSchema)]
#[schema(as = Totals)]
pub(crate) struct TotalsView {
    /// Σ `quantity` × `unit_price`.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    subtotal: Amount,
    /// Every discount, of lines and order.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    discount: Amount,
    /// Shipping.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    shipping: Amount,
    /// Every tax, of lines and order.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    tax: Amount,
    /// What the order costs.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    total: Amount,
}

impl From<Totals> for TotalsView {
    fn from(totals: Totals) -> TotalsView {
        let Totals {
            subtotal,
            discount,
            shipping,
            tax,
            total,
        } = totals;
        TotalsView {
            subtotal,
            discount,
            shipping,
            tax,
            total,
        }
    }
}

/// The ledger's money, as it is: a contradicting ledger may show more refunded than captured.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    /// Promised.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    authorized: Amount,
    /// Taken.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    captured: Amount,
    /// Given back.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    refunded: Amount,
    /// Promises that were given back.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    voided: Amount,
}

impl From<PaymentSums> for PaymentView {
    fn from(sums: PaymentSums) -> PaymentView {
        let PaymentSums {
            authorized,
            captured,
            refunded,
            voided,
        } = sums;
        PaymentView {
            authorized,
            captured,
            refunded,
            voided,
        }
    }
}

/// A postal address.
#[derive(Serialize, ToSchema)]
#[schema(as = PostalAddress)]
pub(crate) struct AddressView<'a> {
    /// Who receives.
    name: &'a str,
    /// Street and what else stands above the city.
    lines: &'a [String],
    /// City.
    city: &'a str,
    /// State, province or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    region: Option<&'a str>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    postal_code: Option<&'a str>,
    /// ISO 3166-1 alpha-2 code.
    #[schema(value_type = CountryCode)]
    country: &'a str,
}

impl<'a> From<&'a Address> for AddressView<'a> {
    fn from(address: &'a Address) -> AddressView<'a> {
        AddressView {
            name: &address.name,
            lines: &address.lines,
            city: &address.city,
            region: address.region.as_deref(),
            postal_code: address.postal_code.as_deref(),
            country: &address.country,
        }
    }
}

/// A parcel.
#[derive(Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentView<'a> {
    /// Its number.
    #[schema(value_type = Identifier)]
    shipment_id: &'a str,
    /// Where it is.
    #[schema(value_type = ShipmentStatusName)]
    status: &'static str,
    /// Who carries it.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    carrier: &'a str,
    /// The carrier's number.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    tracking_number: &'a str,
    /// What is in it; empty until it is told that the parcel left.
    #[schema(value_type = Vec<Units>)]
    lines: Each<'a, (u32, u32), Units>,
}

impl<'a> From<&'a Shipment> for ShipmentView<'a> {
    fn from(shipment: &'a Shipment) -> ShipmentView<'a> {
        ShipmentView {
            shipment_id: &shipment.shipment_id,
            status: shipment.status.as_str(),
            carrier: &shipment.carrier,
            tracking_number: &shipment.tracking_number,
            lines: Each::of(&shipment.lines),
        }
    }
}

/// Goods that came back.
#[derive(Serialize, ToSchema)]
#[schema(as = Return)]
pub(crate) struct ReturnView<'a> {
    /// The warehouse's number of the return.
    #[schema(value_type = Identifier)]
    return_id: &'a str,
    /// What came back.
    #[schema(value_type = Vec<Units>)]
    lines: Each<'a, (u32, u32), Units>,
}

impl<'a> From<&'a Return> for ReturnView<'a> {
    fn from(back: &'a Return) -> ReturnView<'a> {
        ReturnView {
            return_id: &back.return_id,
            lines: Each::of(&back.lines),
        }
    }
}

/// So many units of a line.
#[derive(Serialize, ToSchema)]
#[schema(as = LineUnits)]
pub(crate) struct Units {
    /// 1 for the first line.
    #[schema(value_type = LineNo)]
    line_no: i64,
    /// How many units.
    #[schema(value_type = Count)]
    quantity: i64,
}

impl From<&(u32, u32)> for Units {
    fn from(&(line_no, quantity): &(u32, u32)) -> Units {
        Units {
            line_no: line_no.into(),
            quantity: quantity.into(),
        }
    }
}

impl From<&LineQuantity> for Units {
    fn from(line: &LineQuantity) -> Units {
        Units {
            line_no: line.line_no,
            quantity: line.quantity,
        }
    }
}

/// A hold: one reason why the order does not move forward.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = OrderHold)]
pub(crate) struct HoldView<'a> {
    /// Names it when it is released.
    #[schema(min_length = 1)]
    hold_id: &'a str,
    /// Its kind: a caller's, or one of `CONTRADICTION`, `REFUND_DUE`, `SHIPPED_WHILE_CANCELLING` and
    /// `DEADLINE_PASSED_PAID`.
    #[schema(pattern = "^[A-Z_]{1,40}$")]
    kind: &'a str,
    /// Why, for people.
    reason: &'a str,
}

impl<'a> From<&'a Hold> for HoldView<'a> {
    fn from(hold: &'a Hold) -> HoldView<'a> {
        HoldView {
            hold_id: &hold.hold_id,
            kind: &hold.kind,
            reason: &hold.reason,
        }
    }
}

/// Whether an action is allowed now.
#[derive(Serialize, ToSchema)]
#[schema(as = AllowedAction)]
pub(crate) struct ActionView {
    /// Which.
    #[schema(value_type = ActionName)]
    action: &'static str,
    /// Whether it is allowed.
    allowed: bool,
    /// Why not; only where it is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    reason: Option<&'static str>,
}

impl From<&AllowedAction> for ActionView {
    fn from(action: &AllowedAction) -> ActionView {
        ActionView {
            action: action.action.as_str(),
            allowed: action.refusal.is_none(),
            reason: action.refusal,
        }
    }
}
