//! Messages as `CloudEvents` 1.0: the facts and the commands that a queue brings.
//!
//! A command's data is what REST takes as the body of the same command, `order.cancel.v1` with the
//! order's id in it. Paths of violations are those of facts (`cloud_event.rs`).

use crate::cloud_event::{not_among, read_fact};
use crate::commands::CancelCommand;
use crate::envelope::Envelope;
use crate::fact_data::FactKind;
use crate::{Attribute, Malformed, NewOrder, Parsed};
use order_core::domain::limits::MAX_EVENT_ID_CHARS;
use order_core::domain::{self, Cancellation, Fact, NewFact, OrderId};

/// The type of a command that places an order.
pub const PLACE: &str = "order.place.v1";
/// The type of a command that cancels an order, or units of it.
pub const CANCEL: &str = "order.cancel.v1";

/// A message, and what it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `CloudEvents` source.
    pub source: String,
    /// `CloudEvents` id; of a command it is the idempotency key.
    pub id: String,
    /// The extension of that name (`CloudEvents` "Distributed Tracing"), unchecked.
    pub traceparent: Option<String>,
    /// What it wants.
    pub content: Content,
}

/// What a message wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Something has happened.
    Fact(NewFact),
    /// An order is to be placed.
    Place(domain::NewOrder),
    /// An order, or units of it, are to be cancelled.
    Cancel(OrderId, Cancellation),
}

/// A message in structured mode (`application/cloudevents+json`). The value is `None` where nothing
/// but what is wrong can be told.
pub fn message_from_structured(body: &[u8]) -> Result<Parsed<Option<Message>>, Malformed> {
    message(Envelope::structured(body)?)
}

/// A message in binary mode, as [`fact_from_parts`](crate::fact_from_parts).
pub fn message_from_parts(
    attributes: Vec<Attribute>,
    data: &[u8],
    prefix: &str,
) -> Result<Parsed<Option<Message>>, Malformed> {
    message(Envelope::binary(attributes, data, prefix))
}

fn message(mut envelope: Envelope<'_>) -> Result<Parsed<Option<Message>>, Malformed> {
    let name = envelope.owned("type");
    let content = if let Some(kind) = FactKind::of(&name) {
        read_fact(&mut envelope, kind)?.map(Content::Fact)
    } else if name == PLACE {
        check_source(&mut envelope);
        envelope.body::<NewOrder>()?.map(Content::Place)
    } else if name == CANCEL {
        check_source(&mut envelope);
        let cancel = envelope.body::<CancelCommand>()?;
        cancel.map(|(order_id, ask)| Content::Cancel(order_id, ask))
    } else {
        let known: Vec<&str> = Fact::type_names().chain([PLACE, CANCEL]).collect();
        envelope.unknown_type(not_among(&name, &known))?;
        None
    };
    let value = content.map(|content| Message {
        source: envelope.owned("source"),
        id: envelope.owned("id"),
        traceparent: envelope.text("traceparent").map(str::to_owned),
        content,
    });
    let wrong = envelope.wrong;
    Ok(Parsed { value, wrong })
}

/// Of a fact the domain checks it, of a command nobody does; it is stored with the event.
fn check_source(envelope: &mut Envelope<'_>) {
    let Some(source) = envelope.text("source") else {
        return;
    };
    let long = source.chars().nth(MAX_EVENT_ID_CHARS).is_some();
    if source.is_empty() || long || source.chars().any(char::is_control) {
        let field = envelope.field("source");
        let reason =
            format!("must be 1 to {MAX_EVENT_ID_CHARS} characters, none of them a control");
        envelope.wrong.add(field, reason);
    }
}

/// Whether this is a valid `traceparent`; any other is to be ignored (W3C Trace Context section 3.2).
pub fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |length: usize| {
        let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let part = parts.next();
        part.filter(|part| part.len() == length && part.bytes().all(lower))
    };
    let (Some(version), Some(trace), Some(parent), Some(_)) = (hex(2), hex(32), hex(16), hex(2))
    else {
        return false;
    };
    let some_bit = |part: &str| part.bytes().any(|byte| byte != b'0');
    // Later versions may have more parts; version 00 has four.
    let whole = version != "00" || parts.next().is_none();
    version != "ff" && some_bit(trace) && some_bit(parent) && whole && text.len() <= 128
}
