//! An order, written out.

use crate::order_parts::{
    ActionView, AddressView, HoldView, LineView, PaymentView, ReturnView, ShipmentView, TotalsView,
};
use crate::scalars::{
    AmountValue, CurrencyCode, ExternalId, FulfillmentStatusName, Identifier, Metadata,
    OrderIdText, PaymentStatusName, PaymentTermsName, ReturnStatusName, StateName, TimestampText,
};
use crate::time::Rfc3339;
use crate::views::{Each, amount, display, time};
use order_core::domain::{Amount, Hold, Line, Order, OrderId, Return, Shipment, Timestamp};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::Display;
use utoipa::ToSchema;

/// An order as it is at one version. What is unknown or not there is left out.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView<'a> {
    /// The order's id; the nil UUID in the preview of one that was only validated.
    #[serde(serialize_with = "display")]
    #[schema(value_type = OrderIdText)]
    order_id: OrderId,
    /// The caller's own number of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId, required = false)]
    external_id: Option<&'a str>,
    /// Whose order it is.
    #[schema(value_type = Identifier)]
    customer_id: &'a str,
    /// The currency of every amount of the order.
    #[schema(value_type = CurrencyCode)]
    currency: &'a str,
    /// Where the order stands.
    #[schema(value_type = StateName)]
    state: &'static str,
    /// What the ledger says of the money.
    #[schema(value_type = PaymentStatusName)]
    payment_status: &'static str,
    /// What the ledger says of the parcels.
    #[schema(value_type = FulfillmentStatusName)]
    fulfillment_status: &'static str,
    /// What the ledger says of goods that came back.
    #[schema(value_type = ReturnStatusName)]
    return_status: &'static str,
    /// What was ordered, and what became of it.
    #[schema(value_type = Vec<LineView>)]
    lines: Each<'a, Line, LineView<'a>>,
    /// The order-level discount, before it is spread over the lines.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    discount: Amount,
    /// For shipping.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    shipping: Amount,
    /// The order-level tax, before it is spread over the lines.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    tax: Amount,
    /// The order's sums.
    totals: TotalsView,
    /// What has to be paid before the order is confirmed.
    #[schema(value_type = PaymentTermsName)]
    payment_terms: &'static str,
    /// The ledger's money.
    payment: PaymentView,
    /// Where the goods go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AddressView, required = false)]
    shipping_address: Option<AddressView<'a>>,
    /// The caller's own pairs.
    #[schema(value_type = Metadata)]
    metadata: &'a BTreeMap<String, String>,
    /// The order expires if it is not confirmed by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = TimestampText, required = false)]
    confirm_before: Option<Rfc3339>,
    /// The parcels.
    #[schema(value_type = Vec<ShipmentView>)]
    shipments: Each<'a, Shipment, ShipmentView<'a>>,
    /// Goods that came back.
    #[schema(value_type = Vec<ReturnView>)]
    returns: Each<'a, Return, ReturnView<'a>>,
    /// What keeps the order from moving forward.
    #[schema(value_type = Vec<HoldView>)]
    holds: Each<'a, Hold, HoldView<'a>>,
    /// What a caller may ask now, and why not the rest.
    #[schema(value_type = Vec<ActionView>)]
    allowed_actions: Actions<'a>,
    /// The number of events so far.
    #[schema(minimum = 1)]
    version: u64,
    /// The entity tag of this version, without its quotation marks; for `If-Match`.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, pattern = "^v[1-9][0-9]*$", example = "v3")]
    etag: Etag,
    /// When it was placed.
    #[serde(serialize_with = "time")]
    #[schema(value_type = TimestampText)]
    placed_at: Timestamp,
    /// When its last event happened.
    #[serde(serialize_with = "time")]
    #[schema(value_type = TimestampText)]
    updated_at: Timestamp,
}

impl<'a> From<&'a Order> for OrderView<'a> {
    fn from(order: &'a Order) -> OrderView<'a> {
        OrderView {
            order_id: order.order_id,
            external_id: order.external_id.as_deref(),
            customer_id: &order.customer_id,
            currency: order.currency.code(),
            state: order.state.as_str(),
            payment_status: order.payment_status.as_str(),
            fulfillment_status: order.fulfillment_status.as_str(),
            return_status: order.return_status.as_str(),
            lines: Each::of(&order.lines),
            discount: order.discount,
            shipping: order.shipping,
            tax: order.tax,
            totals: order.totals.into(),
            payment_terms: order.payment_terms.as_str(),
            payment: order.payment.into(),
            shipping_address: order.shipping_address.as_ref().map(Into::into),
            metadata: &order.metadata,
            confirm_before: order.confirm_before.map(Rfc3339),
            shipments: Each::of(&order.shipments),
            returns: Each::of(&order.returns),
            holds: Each::of(&order.holds),
            allowed_actions: Actions(order),
            version: order.version,
            etag: Etag(order.version),
            placed_at: order.placed_at,
            updated_at: order.updated_at,
        }
    }
}

struct Etag(u64);

impl Display for Etag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// The actions are worked out when they are written.
struct Actions<'a>(&'a Order);

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.allowed_actions().iter().map(ActionView::from))
    }
}
