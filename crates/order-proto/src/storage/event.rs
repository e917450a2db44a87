//! The own fields of events.

use super::stored;
use super::value::{DecodeError, amount, currency, from_amount, present};
use super::{fact, line};
use order_core::domain::{Currency, EventData, LineQuantity, PaymentRelease};
use stored::event_data::Data;

pub(crate) fn to_stored(data: &EventData) -> stored::EventData {
    let reason = |reason: &String| stored::Reason {
        reason: reason.clone(),
    };
    let data = match data {
        EventData::Placed => Data::Placed(stored::Nothing {}),
        EventData::Confirmed => Data::Confirmed(stored::Nothing {}),
        EventData::Rejected { reason: words } => Data::Rejected(reason(words)),
        EventData::Expired => Data::Expired(stored::Nothing {}),
        EventData::Amended { fields } => Data::Amended(stored::Amended {
            fields: fields.clone(),
        }),
        EventData::LinesCancelled { lines, reason } => {
            Data::LinesCancelled(cancelled(lines, reason))
        }
        EventData::CancellationRequested { reason: words } => {
            Data::CancellationRequested(reason(words))
        }
        EventData::Cancelled { reason: words } => Data::Cancelled(reason(words)),
        EventData::Held(hold) => Data::Held(line::hold_to_stored(hold)),
        EventData::Released(hold) => Data::Released(line::hold_to_stored(hold)),
        EventData::PaymentChanged(of) => Data::PaymentChanged(fact::to_stored(of)),
        EventData::FulfillmentChanged(of) => Data::FulfillmentChanged(fact::to_stored(of)),
        EventData::ReturnChanged(of) => Data::ReturnChanged(fact::to_stored(of)),
        EventData::RefundDue { amount, currency } => Data::RefundDue(stored::RefundDue {
            amount: from_amount(*amount),
            currency: Currency::code(currency).to_owned(),
        }),
        EventData::StockReleaseDue { reservation_ids } => {
            Data::StockReleaseDue(stored::StockReleaseDue {
                reservation_ids: reservation_ids.clone(),
            })
        }
        EventData::PaymentReleaseDue { payments } => Data::PaymentReleaseDue(releases(payments)),
        EventData::Completed => Data::Completed(stored::Nothing {}),
    };
    stored::EventData { data: Some(data) }
}

fn cancelled(lines: &[LineQuantity], reason: &str) -> stored::LinesCancelled {
    let one = |line: &LineQuantity| stored::CancelledLine {
        line_no: line.line_no,
        quantity: line.quantity,
    };
    stored::LinesCancelled {
        lines: lines.iter().map(one).collect(),
        reason: reason.to_owned(),
    }
}

fn releases(payments: &[PaymentRelease]) -> stored::PaymentReleaseDue {
    let one = |release: &PaymentRelease| stored::PaymentRelease {
        payment_id: release.payment_id.clone(),
        amount: from_amount(release.amount),
    };
    stored::PaymentReleaseDue {
        payments: payments.iter().map(one).collect(),
    }
}

pub(crate) fn from_stored(data: stored::EventData) -> Result<EventData, DecodeError> {
    Ok(match present("data", data.data)? {
        Data::Placed(stored::Nothing {}) => EventData::Placed,
        Data::Confirmed(stored::Nothing {}) => EventData::Confirmed,
        Data::Rejected(of) => EventData::Rejected { reason: of.reason },
        Data::Expired(stored::Nothing {}) => EventData::Expired,
        Data::Amended(of) => EventData::Amended { fields: of.fields },
        Data::LinesCancelled(of) => EventData::LinesCancelled {
            lines: of
                .lines
                .iter()
                .map(|line| LineQuantity {
                    line_no: line.line_no,
                    quantity: line.quantity,
                })
                .collect(),
            reason: of.reason,
        },
        Data::CancellationRequested(of) => EventData::CancellationRequested { reason: of.reason },
        Data::Cancelled(of) => EventData::Cancelled { reason: of.reason },
        Data::Held(hold) => EventData::Held(line::hold_from_stored(hold)),
        Data::Released(hold) => EventData::Released(line::hold_from_stored(hold)),
        Data::PaymentChanged(of) => EventData::PaymentChanged(fact::from_stored(of)?),
        Data::FulfillmentChanged(of) => EventData::FulfillmentChanged(fact::from_stored(of)?),
        Data::ReturnChanged(of) => EventData::ReturnChanged(fact::from_stored(of)?),
        Data::RefundDue(of) => EventData::RefundDue {
            amount: amount("refund_due.amount", of.amount)?,
            currency: currency("refund_due.currency", &of.currency)?,
        },
        Data::StockReleaseDue(of) => EventData::StockReleaseDue {
            reservation_ids: of.reservation_ids,
        },
        Data::PaymentReleaseDue(of) => EventData::PaymentReleaseDue {
            payments: of
                .payments
                .into_iter()
                .map(release)
                .collect::<Result<_, _>>()?,
        },
        Data::Completed(stored::Nothing {}) => EventData::Completed,
    })
}

fn release(of: stored::PaymentRelease) -> Result<PaymentRelease, DecodeError> {
    let amount = amount("payment_release_due.amount", of.amount)?;
    Ok(PaymentRelease {
        payment_id: of.payment_id,
        amount,
    })
}
