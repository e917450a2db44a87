//! The data of facts, by kind of fact.

use crate::LineQuantity;
use crate::scalars::{
    AmountValue, CurrencyCode, ExternalId, FactName, FactReason, FactReference, Identifier,
    OrderIdText,
};
use crate::strict::{Spelled, object_only};
use order_core::domain::{NewFactBody, OrderId, PaymentKind, ShipmentKind, StockKind};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// Data of `payment.authorized.v1`, `.captured.v1`, `.refunded.v1`, `.chargeback_opened.v1` and
/// `.chargeback_reversed.v1`: an amount moved. One of `order_id` and `external_id` names the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct PaymentData {
    /// The order by our id; it counts where both are given.
    #[schema(value_type = Option<OrderIdText>)]
    order_id: Option<Spelled<OrderId>>,
    /// The order by the caller's own number.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The provider's number of the payment.
    #[schema(value_type = Identifier)]
    payment_id: String,
    /// Tells several captures or refunds of one payment apart.
    #[schema(value_type = Option<FactReference>)]
    reference: Option<String>,
    /// How much.
    #[schema(value_type = AmountValue)]
    amount: i64,
    /// The currency of `amount`.
    #[schema(value_type = CurrencyCode)]
    currency: String,
    /// The provider's words.
    #[schema(value_type = Option<FactReason>)]
    reason: Option<String>,
}

/// Data of `payment.failed.v1`, `.refund_failed.v1` and `.voided.v1`, which need no amount; a void
/// without one gives the whole authorisation back. One of `order_id` and `external_id` names the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct PaymentNotice {
    /// The order by our id; it counts where both are given.
    #[schema(value_type = Option<OrderIdText>)]
    order_id: Option<Spelled<OrderId>>,
    /// The order by the caller's own number.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The provider's number of the payment.
    #[schema(value_type = Identifier)]
    payment_id: String,
    /// Tells several captures or refunds of one payment apart.
    #[schema(value_type = Option<FactReference>)]
    reference: Option<String>,
    /// How much.
    #[schema(value_type = Option<AmountValue>)]
    amount: Option<i64>,
    /// The currency of `amount`; required with one.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
    /// The provider's words.
    #[schema(value_type = Option<FactReason>)]
    reason: Option<String>,
}

/// Data of `stock.reserved.v1`, `.refused.v1` and `.released.v1`. One of `order_id` and `external_id`
/// names the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct StockData {
    /// The order by our id; it counts where both are given.
    #[schema(value_type = Option<OrderIdText>)]
    order_id: Option<Spelled<OrderId>>,
    /// The order by the caller's own number.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The inventory's number of the reservation.
    #[schema(value_type = Identifier)]
    reservation_id: String,
    /// The inventory's words.
    #[schema(value_type = Option<FactReason>)]
    reason: Option<String>,
}

/// Data of `shipment.shipped.v1`. One of `order_id` and `external_id` names the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct ShipmentStart {
    /// The order by our id; it counts where both are given.
    #[schema(value_type = Option<OrderIdText>)]
    order_id: Option<Spelled<OrderId>>,
    /// The order by the caller's own number.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The carrier's or warehouse's number of the parcel.
    #[schema(value_type = Identifier)]
    shipment_id: String,
    /// Who carries it.
    #[schema(value_type = Option<FactName>)]
    carrier: Option<String>,
    /// The carrier's tracking number.
    #[schema(value_type = Option<FactName>)]
    tracking_number: Option<String>,
    /// What is in it.
    #[schema(min_items = 1, max_items = 1000)]
    lines: Vec<LineQuantity>,
}

/// Data of `shipment.delivered.v1` and `.lost.v1`. One of `order_id` and `external_id` names the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are the contract's")]
pub(crate) struct ShipmentEnd {
    /// The order by our id; it counts where both are given.
    #[schema(value_type = Option<OrderIdText>)]
    order_id: Option<Spelled<OrderId>>,
    /// The order by the caller's own number.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The carrier's or warehouse's number of the parcel.
    #[schema(value_type = Identifier)]
    shipment_id: String,
}

/// Data of `return.received.v1`. One of `order_id` and `external_id` names the order.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct ReturnData {
    /// The order by our id; it counts where both are given.
    #[schema(value_type = Option<OrderIdText>)]
    order_id: Option<Spelled<OrderId>>,
    /// The order by the caller's own number.
    #[schema(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The warehouse's number of the return.
    #[schema(value_type = Identifier)]
    return_id: String,
    /// What came back.
    #[schema(min_items = 1, max_items = 1000)]
    lines: Vec<LineQuantity>,
}

object_only!(
    PaymentData,
    PaymentNotice,
    StockData,
    ShipmentStart,
    ShipmentEnd,
    ReturnData
);

/// What a message's data says: which order, and what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FactData {
    /// The order by our id, as it was written.
    pub(crate) order_id: Option<OrderId>,
    /// The order by the caller's own number.
    pub(crate) external_id: Option<String>,
    /// What happened.
    pub(crate) body: NewFactBody,
}

/// What a `CloudEvents` type speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactKind {
    Payment(PaymentKind),
    Stock(StockKind),
    Shipment(ShipmentKind),
    Return,
}

impl FactKind {
    /// The kind that a `CloudEvents` type names.
    pub(crate) fn of(type_name: &str) -> Option<FactKind> {
        PaymentKind::parse(type_name)
            .map(FactKind::Payment)
            .or_else(|| StockKind::parse(type_name).map(FactKind::Stock))
            .or_else(|| ShipmentKind::parse(type_name).map(FactKind::Shipment))
            .or_else(|| (type_name == "return.received.v1").then_some(FactKind::Return))
    }

    /// The name of its data's schema.
    pub(crate) const fn schema_name(self) -> &'static str {
        match self {
            FactKind::Payment(kind) if kind.needs_amount() => "PaymentData",
            FactKind::Payment(_) => "PaymentNotice",
            FactKind::Stock(_) => "StockData",
            FactKind::Shipment(ShipmentKind::Shipped) => "ShipmentStart",
            FactKind::Shipment(_) => "ShipmentEnd",
            FactKind::Return => "ReturnData",
        }
    }

    /// The data of this kind, from a text or from a value that its schema allows.
    pub(crate) fn read<'de, D>(self, from: D) -> Result<FactData, D::Error>
    where
        D: Deserializer<'de>,
    {
        Ok(match self {
            FactKind::Payment(kind) if kind.needs_amount() => {
                let PaymentData {
                    order_id,
                    external_id,
                    payment_id,
                    reference,
                    amount,
                    currency,
                    reason,
                } = Deserialize::deserialize(from)?;
                let (amount, currency) = (Some(amount), Some(currency));
                let body = NewFactBody::Payment {
                    kind,
                    payment_id,
                    reference,
                    amount,
                    currency,
                    reason,
                };
                FactData::of(order_id, external_id, body)
            }
            FactKind::Payment(kind) => {
                let PaymentNotice {
                    order_id,
                    external_id,
                    payment_id,
                    reference,
                    amount,
                    currency,
                    reason,
                } = Deserialize::deserialize(from)?;
                let body = NewFactBody::Payment {
                    kind,
                    payment_id,
                    reference,
                    amount,
                    currency,
                    reason,
                };
                FactData::of(order_id, external_id, body)
            }
            FactKind::Stock(kind) => {
                let StockData {
                    order_id,
                    external_id,
                    reservation_id,
                    reason,
                } = Deserialize::deserialize(from)?;
                FactData::of(
                    order_id,
                    external_id,
                    NewFactBody::Stock {
                        kind,
                        reservation_id,
                        reason,
                    },
                )
            }
            FactKind::Shipment(kind) => read_shipment(kind, from)?,
            FactKind::Return => {
                let ReturnData {
                    order_id,
                    external_id,
                    return_id,
                    lines,
                } = Deserialize::deserialize(from)?;
                let lines = lines.into_iter().map(Into::into).collect();
                FactData::of(
                    order_id,
                    external_id,
                    NewFactBody::Return { return_id, lines },
                )
            }
        })
    }
}

fn read_shipment<'de, D>(kind: ShipmentKind, from: D) -> Result<FactData, D::Error>
where
    D: Deserializer<'de>,
{
    if kind == ShipmentKind::Shipped {
        let ShipmentStart {
            order_id,
            external_id,
            shipment_id,
            carrier,
            tracking_number,
            lines,
        } = Deserialize::deserialize(from)?;
        let lines = lines.into_iter().map(Into::into).collect();
        let body = NewFactBody::Shipment {
            kind,
            shipment_id,
            carrier,
            tracking_number,
            lines,
        };
        return Ok(FactData::of(order_id, external_id, body));
    }
    let ShipmentEnd {
        order_id,
        external_id,
        shipment_id,
    } = Deserialize::deserialize(from)?;
    let (carrier, tracking_number) = (None, None);
    let body = NewFactBody::Shipment {
        kind,
        shipment_id,
        carrier,
        tracking_number,
        lines: Vec::new(),
    };
    Ok(FactData::of(order_id, external_id, body))
}

impl FactData {
    fn of(
        order_id: Option<Spelled<OrderId>>,
        external_id: Option<String>,
        body: NewFactBody,
    ) -> FactData {
        FactData {
            order_id: order_id.map(|id| id.0),
            external_id,
            body,
        }
    }
}
