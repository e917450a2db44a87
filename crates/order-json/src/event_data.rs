//! The data of an event: its own fields, its cause, and the order after it.

use crate::OrderView;
use crate::order_parts::{HoldView, Units};
use crate::scalars::{AmountValue, CurrencyCode, OrderIdText};
use crate::views::{Each, Minor, amount, display};
use order_core::domain::{
    Amount, Cause, Currency, Event, EventData, Fact, LineQuantity, OrderId, PaymentRelease,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The data of an event. Beside `order_id`, `version`, `cause` and `order`, which every event has,
/// it has the fields that its type needs.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderEventData)]
pub struct EventDataView<'a> {
    /// Why: of `order.rejected.v1`, `.lines_cancelled.v1`, `.cancellation_requested.v1` and `.cancelled.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    reason: Option<&'a str>,
    /// Which members changed: of `order.amended.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    fields: Option<&'a [String]>,
    /// Which units: of `order.lines_cancelled.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Units>, required = false)]
    lines: Option<Each<'a, LineQuantity, Units>>,
    /// The hold: of `order.held.v1` and `.released.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HoldView, required = false)]
    hold: Option<HoldView<'a>>,
    /// The fact: of `order.payment_changed.v1`, `.fulfillment_changed.v1` and `.return_changed.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = FactView, required = false)]
    fact: Option<FactView<'a>>,
    /// How much: of `order.refund_due.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AmountValue, required = false)]
    amount: Option<Minor>,
    /// In which currency: of `order.refund_due.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = CurrencyCode, required = false)]
    currency: Option<&'a str>,
    /// Which reservations: of `order.stock_release_due.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    reservation_ids: Option<&'a [String]>,
    /// Which authorisations: of `order.payment_release_due.v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<ReleaseView>, required = false)]
    payments: Option<Each<'a, PaymentRelease, ReleaseView<'a>>>,
    /// The order's id.
    #[serde(serialize_with = "display")]
    #[schema(value_type = OrderIdText)]
    order_id: OrderId,
    /// The order's version after the event.
    #[schema(minimum = 1)]
    version: u64,
    /// Who or what caused it.
    cause: CauseView<'a>,
    /// The order after the event.
    order: OrderView<'a>,
}

impl<'a> From<&'a Event> for EventDataView<'a> {
    fn from(event: &'a Event) -> EventDataView<'a> {
        let mut view = EventDataView {
            reason: None,
            fields: None,
            lines: None,
            hold: None,
            fact: None,
            amount: None,
            currency: None,
            reservation_ids: None,
            payments: None,
            order_id: event.order.order_id,
            version: event.version(),
            cause: (&*event.cause).into(),
            order: (&*event.order).into(),
        };
        match &event.data {
            EventData::Placed
            | EventData::Confirmed
            | EventData::Expired
            | EventData::Completed => {}
            EventData::Rejected { reason }
            | EventData::CancellationRequested { reason }
            | EventData::Cancelled { reason } => view.reason = Some(reason),
            EventData::Amended { fields } => view.fields = Some(fields),
            EventData::LinesCancelled { lines, reason } => {
                view.lines = Some(Each::of(lines));
                view.reason = Some(reason);
            }
            EventData::Held(hold) | EventData::Released(hold) => view.hold = Some(hold.into()),
            EventData::PaymentChanged(fact)
            | EventData::FulfillmentChanged(fact)
            | EventData::ReturnChanged(fact) => view.fact = Some(fact.into()),
            EventData::RefundDue { amount, currency } => {
                view.amount = Some(Minor(*amount));
                view.currency = Some(currency.code());
            }
            EventData::StockReleaseDue { reservation_ids } => {
                view.reservation_ids = Some(reservation_ids);
            }
            EventData::PaymentReleaseDue { payments } => view.payments = Some(Each::of(payments)),
        }
        view
    }
}

/// What is left of an event's data where its message would be too large with the order in it.
#[derive(Serialize, ToSchema)]
#[schema(as = ReducedOrderEventData)]
pub(crate) struct ReducedEventDataView {
    /// The order's id.
    #[serde(serialize_with = "display")]
    #[schema(value_type = OrderIdText)]
    order_id: OrderId,
    /// The order's version after the event.
    #[schema(minimum = 1)]
    version: u64,
    /// Always true: the order and the event's own fields are left out.
    order_omitted: bool,
}

impl From<&Event> for ReducedEventDataView {
    fn from(event: &Event) -> ReducedEventDataView {
        ReducedEventDataView {
            order_id: event.order.order_id,
            version: event.version(),
            order_omitted: true,
        }
    }
}

/// Who or what caused an event; what is unknown is left out.
#[derive(Serialize, ToSchema)]
#[schema(as = Cause)]
struct CauseView<'a> {
    /// The caller's identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    caller: Option<&'a str>,
    /// `source` of the fact, or the service's own name for what it does by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    source: Option<&'a str>,
    /// `id` of the fact, or the idempotency key of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    id: Option<&'a str>,
}

impl<'a> From<&'a Cause> for CauseView<'a> {
    fn from(cause: &'a Cause) -> CauseView<'a> {
        CauseView {
            caller: cause.caller.as_deref(),
            source: cause.source.as_deref(),
            id: cause.id.as_deref(),
        }
    }
}

/// A fact that was recorded; it has the fields that its type needs.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = RecordedFact)]
pub struct FactView<'a> {
    /// The fact's type, such as `payment.captured.v1`.
    r#type: &'static str,
    /// The provider's number of the payment.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    payment_id: &'a str,
    /// Tells several captures or refunds of one payment apart.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    reference: &'a str,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AmountValue, required = false)]
    amount: Option<Minor>,
    /// The currency of `amount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = CurrencyCode, required = false)]
    currency: Option<&'a str>,
    /// The inventory's number of the reservation.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    reservation_id: &'a str,
    /// The number of the parcel.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    shipment_id: &'a str,
    /// Who carries it.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    carrier: &'a str,
    /// The carrier's tracking number.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    tracking_number: &'a str,
    /// The number of the return.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    return_id: &'a str,
    /// Which units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Units>, required = false)]
    lines: Option<Each<'a, (u32, u32), Units>>,
    /// The producer's words.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    reason: &'a str,
}

impl<'a> From<&'a Fact> for FactView<'a> {
    fn from(fact: &'a Fact) -> FactView<'a> {
        let view = FactView {
            r#type: fact.type_name(),
            ..FactView::default()
        };
        match fact {
            Fact::Payment(fact) => FactView {
                payment_id: &fact.payment_id,
                reference: &fact.reference,
                amount: fact.amount.map(Minor),
                currency: fact.currency.as_ref().map(Currency::code),
                reason: &fact.reason,
                ..view
            },
            Fact::Stock(fact) => FactView {
                reservation_id: &fact.reservation_id,
                reason: &fact.reason,
                ..view
            },
            Fact::Shipment(fact) => FactView {
                shipment_id: &fact.shipment_id,
                carrier: &fact.carrier,
                tracking_number: &fact.tracking_number,
                lines: (!fact.lines.is_empty()).then(|| Each::of(&fact.lines)),
                ..view
            },
            Fact::Return(fact) => FactView {
                return_id: &fact.return_id,
                lines: Some(Each::of(&fact.lines)),
                ..view
            },
        }
    }
}

/// An authorisation that is to be voided.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentRelease)]
struct ReleaseView<'a> {
    /// The provider's number of the payment.
    payment_id: &'a str,
    /// What is still authorised of it.
    #[serde(serialize_with = "amount")]
    #[schema(value_type = AmountValue)]
    amount: Amount,
}

impl<'a> From<&'a PaymentRelease> for ReleaseView<'a> {
    fn from(release: &'a PaymentRelease) -> ReleaseView<'a> {
        ReleaseView {
            payment_id: &release.payment_id,
            amount: release.amount,
        }
    }
}
