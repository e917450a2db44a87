//! A fact as a message says it, before anything is checked.

use super::{LineQuantity, OrderId, PaymentKind, ShipmentKind, StockKind};

/// What a message says; [`NewFact::check`] makes an [`IncomingFact`](super::IncomingFact) of it or
/// tells everything that keeps it from being well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFact {
    /// `CloudEvents` source.
    pub source: String,
    /// `CloudEvents` id.
    pub id: String,
    /// The order by our id; it wins where both are given.
    pub order_id: Option<OrderId>,
    /// The order by the caller's own number.
    pub external_id: Option<String>,
    /// What happened.
    pub body: NewFactBody,
}

/// What happened, as a message says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewFactBody {
    /// Money moved, or failed to.
    Payment {
        /// What happened to the payment.
        kind: PaymentKind,
        /// The provider's number of it.
        payment_id: String,
        /// Tells several captures or refunds of one payment apart.
        reference: Option<String>,
        /// Minor units.
        amount: Option<i64>,
        /// ISO 4217 code.
        currency: Option<String>,
        /// The provider's words.
        reason: Option<String>,
    },
    /// Stock was reserved, refused or released.
    Stock {
        /// What happened to the reservation.
        kind: StockKind,
        /// The inventory's number of it.
        reservation_id: String,
        /// The inventory's words.
        reason: Option<String>,
    },
    /// A parcel left, arrived or was lost.
    Shipment {
        /// What happened to the parcel.
        kind: ShipmentKind,
        /// Its number.
        shipment_id: String,
        /// Who carries it.
        carrier: Option<String>,
        /// The carrier's number.
        tracking_number: Option<String>,
        /// What is in it; only of a parcel that left.
        lines: Vec<LineQuantity>,
    },
    /// Goods came back.
    Return {
        /// The return's number.
        return_id: String,
        /// What came back.
        lines: Vec<LineQuantity>,
    },
}
