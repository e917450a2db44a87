//! Has the use cases do what a message wants, and says what that means for the message.

use super::decode::decode;
use super::metrics::Outcome;
use crate::spans::processing;
use observe::own_traceparent;
use order_core::app::{AppError, ChangeOptions, FactOutcome, FactReceipt, Orders, PlaceRequest};
use order_core::domain::{Cause, Order};
use order_core::ports::StoreError;
use order_json::{Content, Message};
use rdkafka::message::OwnedMessage;
use tracing::Instrument;

/// What is to become of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its effect is committed.
    Done(Outcome),
    /// It can never have one.
    Dead(String),
    /// The dead-letter topic has it, with this reason.
    InTopic(String),
    /// The store is away or has too much to do: nothing is wrong with the message.
    Away(String),
    /// It failed although the store works.
    Again(String),
}

impl Verdict {
    /// What traces call it, where the message has no effect.
    const fn wrong(&self) -> Option<&'static str> {
        match self {
            Verdict::Done(_) => None,
            Verdict::Dead(_) | Verdict::InTopic(_) => Some("dead_letter"),
            Verdict::Away(_) => Some("unavailable"),
            Verdict::Again(_) => Some("failed"),
        }
    }
}

/// Does what the message wants, once for its id however often this is called.
pub(crate) async fn apply(orders: &Orders, raw: &OwnedMessage, group: &str) -> Verdict {
    let mut message = match decode(raw) {
        Ok(message) => message,
        Err(reason) => return Verdict::Dead(reason),
    };
    let span = processing(raw, &message, group);
    // What it causes belongs to our span where spans are shipped, else to the sender's, untouched.
    message.traceparent = own_traceparent(&span).or(message.traceparent);
    let verdict = match wanted(orders, message).instrument(span.clone()).await {
        Ok(receipt) => Verdict::Done(receipt.outcome.into()),
        Err(error) => verdict(&error),
    };
    if let Some(wrong) = verdict.wrong() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", wrong);
    }
    verdict
}

/// Does what the message says.
pub(super) async fn wanted(orders: &Orders, message: Message) -> Result<FactReceipt, AppError> {
    let Message {
        source,
        id,
        traceparent,
        content,
    } = message;
    let cause = Cause {
        caller: None,
        source: Some(source),
        id: Some(id.clone()),
        traceparent,
    };
    match content {
        Content::Fact(fact) => orders.record_fact(fact, cause, false).await,
        Content::Place(order) => {
            let request = PlaceRequest {
                key: id,
                order,
                cause,
                key_field: "id",
            };
            let placed = orders.place(request).await?;
            Ok(receipt(&placed.order, placed.replayed))
        }
        Content::Cancel(order_id, ask) => {
            let options = ChangeOptions {
                key: Some(id),
                key_field: "id",
                cause,
                ..ChangeOptions::default()
            };
            let changed = orders.cancel(order_id, ask, options).await?;
            Ok(receipt(&changed.order, changed.replayed))
        }
    }
}

/// Of a command, whose repetition is answered with the first answer.
fn receipt(order: &Order, replayed: bool) -> FactReceipt {
    FactReceipt {
        outcome: if replayed {
            FactOutcome::Duplicate
        } else {
            FactOutcome::Applied
        },
        order_id: Some(order.order_id),
        version: Some(order.version),
    }
}

impl From<FactOutcome> for Outcome {
    fn from(outcome: FactOutcome) -> Outcome {
        match outcome {
            FactOutcome::Applied => Outcome::Applied,
            FactOutcome::Duplicate => Outcome::Duplicate,
            FactOutcome::Parked => Outcome::Parked,
            FactOutcome::Held => Outcome::Held,
        }
    }
}

pub(super) fn verdict(error: &AppError) -> Verdict {
    let reason = error.to_string();
    match error {
        AppError::Store(StoreError::Unavailable { .. } | StoreError::Overloaded { .. }) => {
            Verdict::Away(reason)
        }
        AppError::Contended { .. }
        | AppError::Feed(_)
        | AppError::Store(StoreError::Corrupt { .. }) => Verdict::Again(reason),
        // The domain's last word: the same again gets the same answer.
        AppError::Refused(_)
        | AppError::NotFound(_)
        | AppError::KeyReused
        | AppError::ExternalIdTaken { .. }
        | AppError::FactIdReused
        | AppError::VersionMismatch { .. } => Verdict::Dead(reason),
    }
}
