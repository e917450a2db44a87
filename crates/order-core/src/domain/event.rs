//! What happened to an order: one event for each version.

use super::{Amount, Currency, Fact, Hold, LineQuantity, Order, Timestamp};
use std::sync::Arc;

/// One event of one order. Versions are contiguous from 1, so a reader can prove that it has all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub data: EventData,
    /// When it was decided.
    pub time: Timestamp,
    /// Who or what caused it.
    pub cause: Arc<Cause>,
    /// The order as it is after this event; its `version` is the event's.
    pub order: Arc<Order>,
}

impl Event {
    /// The order's version after this event.
    pub fn version(&self) -> u64 {
        self.order.version
    }

    /// The event's `CloudEvents` id: `order_id/version`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.order.order_id, self.order.version)
    }
}

/// Who or what caused a change. Everything may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The caller's identity.
    pub caller: Option<String>,
    /// `source` of the fact, or the service's own name for what it does by itself.
    pub source: Option<String>,
    /// `id` of the fact, or the idempotency key of the command.
    pub id: Option<String>,
    /// W3C trace context of the request or message.
    pub traceparent: Option<String>,
}

/// What happened, with the event's own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventData {
    /// The order was placed.
    Placed,
    /// Stock is reserved and the payment terms are met.
    Confirmed,
    /// Stock was refused.
    Rejected {
        /// The inventory's words.
        reason: String,
    },
    /// The deadline passed with nothing captured.
    Expired,
    /// Address, metadata or deadline changed.
    Amended {
        /// Which, by their names.
        fields: Vec<String>,
    },
    /// Units of some lines were cancelled.
    LinesCancelled {
        /// Which.
        lines: Vec<LineQuantity>,
        /// The caller's words.
        reason: String,
    },
    /// The order is being cancelled; money or stock is still to be undone.
    CancellationRequested {
        /// The caller's words.
        reason: String,
    },
    /// The order is cancelled.
    Cancelled {
        /// The caller's words.
        reason: String,
    },
    /// A hold was put on the order.
    Held(Hold),
    /// A hold was released.
    Released(Hold),
    /// A payment fact was recorded.
    PaymentChanged(Fact),
    /// A stock or shipment fact was recorded.
    FulfillmentChanged(Fact),
    /// A return was recorded.
    ReturnChanged(Fact),
    /// So much more is to be refunded.
    RefundDue {
        /// How much.
        amount: Amount,
        /// In which currency.
        currency: Currency,
    },
    /// These reservations are to be released.
    StockReleaseDue {
        /// Which.
        reservation_ids: Vec<String>,
    },
    /// These authorisations are to be voided.
    PaymentReleaseDue {
        /// Which, and how much of each.
        payments: Vec<PaymentRelease>,
    },
    /// Everything is delivered and paid.
    Completed,
}

/// An authorisation that is to be voided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRelease {
    /// The provider's number of the payment.
    pub payment_id: String,
    /// What is still authorised of it.
    pub amount: Amount,
}

/// Names and match of one table, so that no kind of event is without a name in the list.
macro_rules! type_names {
    ($($kind:pat => $name:literal,)+) => {
        /// The `CloudEvents` type of every kind of event.
        pub const TYPE_NAMES: &'static [&'static str] = &[$($name),+];

        /// The `CloudEvents` type, such as `order.placed.v1`.
        pub const fn type_name(&self) -> &'static str {
            match self {
                $($kind => $name,)+
            }
        }
    };
}

impl EventData {
    type_names! {
        EventData::Placed => "order.placed.v1",
        EventData::Confirmed => "order.confirmed.v1",
        EventData::Rejected { .. } => "order.rejected.v1",
        EventData::Expired => "order.expired.v1",
        EventData::Amended { .. } => "order.amended.v1",
        EventData::LinesCancelled { .. } => "order.lines_cancelled.v1",
        EventData::CancellationRequested { .. } => "order.cancellation_requested.v1",
        EventData::Cancelled { .. } => "order.cancelled.v1",
        EventData::Held(_) => "order.held.v1",
        EventData::Released(_) => "order.released.v1",
        EventData::PaymentChanged(_) => "order.payment_changed.v1",
        EventData::FulfillmentChanged(_) => "order.fulfillment_changed.v1",
        EventData::ReturnChanged(_) => "order.return_changed.v1",
        EventData::RefundDue { .. } => "order.refund_due.v1",
        EventData::StockReleaseDue { .. } => "order.stock_release_due.v1",
        EventData::PaymentReleaseDue { .. } => "order.payment_release_due.v1",
        EventData::Completed => "order.completed.v1",
    }
}
