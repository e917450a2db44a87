//! From a message of Kafka to what it wants, by the Kafka binding of `CloudEvents` 1.0: structured
//! mode (`application/cloudevents+json`) and binary mode (headers `ce_…`), data as JSON or, of facts,
//! as the message of `orders.v1` that `order_proto::wire::fact_of_event` names.
//!
//! Messages of `orders.v1` do not name their order, so in binary mode with protobuf the event does:
//! `ce_subject` is the order's id, or the extension `ce_externalid` the caller's own number; without
//! either the message's key is the order's id. A message without any header is read as structured,
//! since that is what the simplest producers send.

use crate::headers::{
    CONTENT_TYPE, EXTERNAL_ID, PREFIX, PROTOBUF, SPECVERSION, STRUCTURED, TRACEPARENT,
};
use order_core::domain::Violations;
use order_json::{Content, Message, Parsed, message_from_parts, message_from_structured};
use order_proto::wire::{FactEvent, fact_of_event};
use rdkafka::message::{Headers, Message as _, OwnedMessage};
use std::hash::{BuildHasher, RandomState};

/// What the message wants, or why nobody can tell; every fault at once where fields can be named.
pub(crate) fn decode(raw: &OwnedMessage) -> Result<Message, String> {
    let data = raw.payload().ok_or("the message has no value")?;
    let headers = Carried::of(raw)?;
    let media = headers.media_type();
    let mut message = if media == STRUCTURED || headers.nothing() {
        whole(message_from_structured(data))?
    } else if media.starts_with("application/cloudevents") {
        return Err(format!(
            "content-type {media} is not taken; give {STRUCTURED}, or binary mode"
        ));
    } else if PROTOBUF.contains(&media.as_str()) {
        protobuf(&headers, raw.key(), data)?
    } else {
        let mut attributes = headers.attributes;
        attributes.extend(
            headers
                .content_type
                .map(|media| ("datacontenttype".to_owned(), media)),
        );
        whole(message_from_parts(attributes, data, PREFIX))?
    };
    let traceparent = headers.traceparent.or(message.traceparent);
    message.traceparent = traceparent.filter(|text| order_json::is_traceparent(text));
    Ok(message)
}

/// The order that the message is about, as a number by which messages of one order are kept in
/// order: of its key, else of the order that it names. What names no order stands alone.
pub(crate) fn lane(raw: &OwnedMessage, hasher: &RandomState) -> u64 {
    if let Some(key) = raw.key().filter(|key| !key.is_empty()) {
        return hasher.hash_one(key);
    }
    let named = decode(raw).ok().and_then(|message| match message.content {
        Content::Fact(fact) => fact.order_id.map(|id| id.to_string()).or(fact.external_id),
        Content::Cancel(order_id, _) => Some(order_id.to_string()),
        Content::Place(order) => order.external_id,
    });
    match named {
        Some(order) => hasher.hash_one(order.as_bytes()),
        None => hasher.hash_one((raw.topic(), raw.partition(), raw.offset())),
    }
}

/// The headers that matter.
#[derive(Debug, Default)]
struct Carried {
    content_type: Option<String>,
    traceparent: Option<String>,
    attributes: Vec<order_json::Attribute>,
}

impl Carried {
    fn of(raw: &OwnedMessage) -> Result<Carried, String> {
        let mut carried = Carried::default();
        let headers = raw.headers().into_iter().flat_map(Headers::iter);
        for header in headers {
            let text = || {
                let bytes = header.value.unwrap_or_default();
                let text = std::str::from_utf8(bytes);
                text.map(str::to_owned)
                    .map_err(|_| format!("the header {:?} is not UTF-8", header.key))
            };
            if let Some(name) = header.key.strip_prefix(PREFIX) {
                carried.attributes.push((name.to_owned(), text()?));
            } else if header.key.eq_ignore_ascii_case(CONTENT_TYPE) {
                carried.content_type = Some(text()?);
            } else if header.key == TRACEPARENT {
                // A trace that cannot be read is no reason to refuse what happened.
                carried.traceparent = text().ok();
            }
        }
        Ok(carried)
    }

    /// The content type without its parameters.
    fn media_type(&self) -> String {
        let text = self.content_type.as_deref().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }

    fn nothing(&self) -> bool {
        self.content_type.is_none() && self.attributes.is_empty()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The message, if nothing is wrong with it.
fn whole(
    parsed: Result<Parsed<Option<Message>>, order_json::Malformed>,
) -> Result<Message, String> {
    let Parsed { value, wrong } = parsed.map_err(|malformed| malformed.reason)?;
    match value {
        Some(message) if wrong.is_empty() => Ok(message),
        _ => Err(wrong.to_string()),
    }
}

fn protobuf(headers: &Carried, key: Option<&[u8]>, data: &[u8]) -> Result<Message, String> {
    let mut wrong = Violations::new();
    for name in ["specversion", "type", "source", "id"] {
        if headers.attribute(name).is_none() {
            wrong.add(format!("{PREFIX}{name}"), "is required");
        }
    }
    let version = headers.attribute("specversion");
    if version.is_some_and(|version| version != SPECVERSION) {
        wrong.add(format!("{PREFIX}specversion"), "must be 1.0");
    }
    if !wrong.is_empty() {
        return Err(wrong.to_string());
    }
    let text = |name| headers.attribute(name).unwrap_or_default();
    let external_id = headers.attribute(EXTERNAL_ID);
    let key = key.and_then(|key| std::str::from_utf8(key).ok());
    let event = FactEvent {
        type_name: text("type"),
        source: text("source"),
        id: text("id"),
        order_id: headers
            .attribute("subject")
            .or(key.filter(|_| external_id.is_none())),
        external_id,
        data,
    };
    let fact = fact_of_event(&event, &mut wrong).map_err(|error| error.to_string())?;
    if !wrong.is_empty() {
        return Err(wrong.to_string());
    }
    Ok(Message {
        source: event.source.to_owned(),
        id: event.id.to_owned(),
        traceparent: headers.attribute(TRACEPARENT).map(str::to_owned),
        content: Content::Fact(fact),
    })
}

#[cfg(test)]
mod bad_messages;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod tests;
