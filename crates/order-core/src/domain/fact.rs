//! Facts: what has happened outside (money, stock, parcels) and is always recorded.

use super::status::named_enum;
use super::{Amount, Currency, OrderId};

/// A fact as it arrives: who says it, under which id, of which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingFact {
    /// The `CloudEvents` `source` and `id`: a producer repeats both when it repeats the fact.
    pub key: FactKey,
    /// The order that the fact is about.
    pub order: OrderRef,
    /// What happened.
    pub fact: Fact,
}

/// What makes one message of one producer unique (`CloudEvents` 1.0, "source + id").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey {
    /// `CloudEvents` `source`, 1 to 255 characters.
    pub source: String,
    /// `CloudEvents` `id`, 1 to 255 characters.
    pub id: String,
}

/// How a fact names its order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderRef {
    /// By our id.
    Id(OrderId),
    /// By the caller's own number: a payment provider may know only that one.
    External(String),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Money moved, or failed to.
    Payment(PaymentFact),
    /// Stock was reserved, refused or released.
    Stock(StockFact),
    /// A parcel left, arrived or was lost.
    Shipment(ShipmentFact),
    /// Goods came back.
    Return(ReturnFact),
}

/// Money moved, or failed to. Business key: `payment_id`, kind, `reference`.
///
/// The derived order (key first) is the ledger's canonical order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentFact {
    /// The provider's number of the payment.
    pub payment_id: String,
    /// What happened to it.
    pub kind: PaymentKind,
    /// Tells several captures or refunds of one payment apart; empty where there is one.
    pub reference: String,
    /// How much. Kinds that may lack it: failed, refund failed, and voided (then: all of it).
    pub amount: Option<Amount>,
    /// The currency of `amount`.
    pub currency: Option<Currency>,
    /// The provider's words; empty where it gave none, and in the ledger.
    pub reason: String,
}

named_enum! {
    /// What happened to a payment.
    PaymentKind {
        /// The amount is promised.
        Authorized = "payment.authorized.v1" / 1,
        /// The amount is taken.
        Captured = "payment.captured.v1" / 2,
        /// An attempt failed.
        Failed = "payment.failed.v1" / 3,
        /// An authorisation was given back.
        Voided = "payment.voided.v1" / 4,
        /// The amount was given back.
        Refunded = "payment.refunded.v1" / 5,
        /// The refund with the same reference did not go through.
        RefundFailed = "payment.refund_failed.v1" / 6,
        /// The customer's bank disputes the amount.
        ChargebackOpened = "payment.chargeback_opened.v1" / 7,
        /// The dispute with the same reference is over, for us.
        ChargebackReversed = "payment.chargeback_reversed.v1" / 8,
    }
}

impl PaymentKind {
    /// Whether a fact of this kind must say an amount.
    pub const fn needs_amount(self) -> bool {
        !matches!(
            self,
            PaymentKind::Failed | PaymentKind::RefundFailed | PaymentKind::Voided
        )
    }
}

/// Stock was reserved, refused or released. Business key: `reservation_id`, kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StockFact {
    /// The inventory's number of the reservation.
    pub reservation_id: String,
    /// What happened to it.
    pub kind: StockKind,
    /// The inventory's words; empty where it gave none, and in the ledger.
    pub reason: String,
}

named_enum! {
    /// What happened to a reservation.
    StockKind {
        /// The goods are set aside.
        Reserved = "stock.reserved.v1" / 1,
        /// There are none.
        Refused = "stock.refused.v1" / 2,
        /// They are no longer set aside.
        Released = "stock.released.v1" / 3,
    }
}

/// A parcel left, arrived or was lost. Business key: `shipment_id`, kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShipmentFact {
    /// The carrier's or warehouse's number of the parcel.
    pub shipment_id: String,
    /// What happened to it.
    pub kind: ShipmentKind,
    /// What is in it, by line number, each once and sorted; empty for delivered and lost.
    pub lines: Vec<(u32, u32)>,
    /// Who carries it; empty where unknown.
    pub carrier: String,
    /// The carrier's tracking number; empty where unknown.
    pub tracking_number: String,
}

named_enum! {
    /// What happened to a parcel.
    ShipmentKind {
        /// It left.
        Shipped = "shipment.shipped.v1" / 1,
        /// It arrived.
        Delivered = "shipment.delivered.v1" / 2,
        /// It is lost.
        Lost = "shipment.lost.v1" / 3,
    }
}

/// Goods came back. Business key: `return_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnFact {
    /// The warehouse's number of the return.
    pub return_id: String,
    /// What came back, by line number, each once and sorted.
    pub lines: Vec<(u32, u32)>,
}

/// The `CloudEvents` type of a return.
pub(crate) const RETURN_RECEIVED: &str = "return.received.v1";

impl Fact {
    /// The `CloudEvents` type, such as `payment.captured.v1`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Fact::Payment(fact) => fact.kind.as_str(),
            Fact::Stock(fact) => fact.kind.as_str(),
            Fact::Shipment(fact) => fact.kind.as_str(),
            Fact::Return(_) => RETURN_RECEIVED,
        }
    }

    /// Every `CloudEvents` type that is a fact.
    pub fn type_names() -> impl Iterator<Item = &'static str> {
        let payments = PaymentKind::ALL.iter().map(|kind| kind.as_str());
        let stock = StockKind::ALL.iter().map(|kind| kind.as_str());
        let shipments = ShipmentKind::ALL.iter().map(|kind| kind.as_str());
        payments
            .chain(stock)
            .chain(shipments)
            .chain([RETURN_RECEIVED])
    }
}
