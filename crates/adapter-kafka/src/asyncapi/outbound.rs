//! What goes out: the event of each type, what is left of one that is too large, and dead letters.

use super::channel::{Action, Channel};
use super::message::{Correlation, Headers, Message, TRACE, always, number, reference};
use crate::config::Config;
use crate::headers::{
    CE_DATAREF, CE_ID, CE_ORDERVERSION, CE_POSITION, CE_SOURCE, CE_SPECVERSION, CE_SUBJECT,
    CE_TIME, CE_TYPE, CONTENT_TYPE, DL_OFFSET, DL_OMITTED_BYTES, DL_PARTITION, DL_REASON,
    DL_REASON_MAX_CHARS, DL_TOPIC, JSON, SPECVERSION, TRACEPARENT,
};
use order_core::domain::EventData;
use order_json::{EVENT_SOURCE, event_data_schema};
use serde_json::{Value, json};

pub(super) fn channels(config: &Config) -> [Channel; 2] {
    let mut messages: Vec<Message> = EventData::TYPE_NAMES
        .iter()
        .map(|name| event(name))
        .collect();
    messages.push(too_large());
    let events = Channel {
        id: "events",
        address: config.topics.events.clone(),
        description: "Every event of every order, once and in order of its order; read it with isolation.level=read_committed.",
        action: Action::Send,
        operation: "sendEvents",
        tag: "events",
        messages,
    };
    let dead_letters = Channel {
        id: "deadLetters",
        address: config.topics.dead_letters.clone(),
        description: "What could not be understood, byte for byte, with the reason and where it stood; written at least once.",
        action: Action::Send,
        operation: "sendDeadLetters",
        tag: "dead letters",
        messages: vec![dead_letter(config)],
    };
    [events, dead_letters]
}

fn event(type_name: &str) -> Message {
    Message {
        id: type_name.to_owned(),
        description: "Binary mode: the attributes are headers, the value is the data, with the order as it is after the event.".to_owned(),
        content_type: JSON,
        headers: headers(always(type_name)),
        payload: reference(&event_data_schema(type_name)),
        key: reference("OrderId"),
        correlation: Some(Correlation::Cause),
        example: None,
    }
}

fn too_large() -> Message {
    let dataref = json!({
        "type": "string",
        "format": "uri-reference",
        "pattern": "^/v1/orders/[^/]+/events$",
        "description": "Where the event is to be had: a path of the REST interface. Only such messages have it.",
    });
    let any = json!({"type": "string", "enum": EventData::TYPE_NAMES});
    Message {
        id: "event-without-order".to_owned(),
        description: "Any of these events where the message would be larger than its topic takes: the data names the order and its version, the rest is left out.".to_owned(),
        content_type: JSON,
        headers: headers(any).with(CE_DATAREF, dataref),
        payload: reference("ReducedOrderEventData"),
        key: reference("OrderId"),
        correlation: None,
        example: None,
    }
}

/// The headers of every event.
fn headers(type_schema: Value) -> Headers {
    let id = json!({
        "type": "string",
        "pattern": "^[0-9a-f-]{36}/[1-9][0-9]*$",
        "description": "The order's id and its version: unique.",
    });
    Headers::default()
        .with(CE_SPECVERSION, always(SPECVERSION))
        .with(CE_ID, id)
        .with(CE_SOURCE, always(EVENT_SOURCE))
        .with(CE_TYPE, type_schema)
        .with(CE_SUBJECT, reference("OrderId"))
        .with(CE_TIME, reference("Timestamp"))
        .with(
            CE_ORDERVERSION,
            number(1, "The order's version after the event; contiguous from 1."),
        )
        .with(CE_POSITION, reference("Position"))
        .with(CONTENT_TYPE, always(JSON))
        .or(TRACEPARENT, reference(TRACE))
}

fn dead_letter(config: &Config) -> Message {
    let reason = json!({
        "type": "string",
        "maxLength": DL_REASON_MAX_CHARS,
        "description": "Why, for people.",
    });
    let topic = json!({
        "type": "string",
        "enum": config.topics.inbound(),
        "description": "Where it stood; with partition and offset it tells doubles.",
    });
    let headers = Headers::default()
        .with(DL_REASON, reason)
        .with(DL_TOPIC, topic)
        .with(DL_PARTITION, number(0, "The partition there."))
        .with(DL_OFFSET, number(0, "The offset there."))
        .or(
            DL_OMITTED_BYTES,
            number(1, "Bytes of the value, where it was too large to go along."),
        )
        .and_others();
    Message {
        id: "dead-letter".to_owned(),
        description: "The message as it came, with its own key and headers, and why it is here."
            .to_owned(),
        content_type: "application/octet-stream",
        headers,
        payload: json!({"description": "The value as it came: any bytes, or none. The message's own content-type tells what they were meant to be."}),
        key: json!({"description": "As it came."}),
        correlation: None,
        example: None,
    }
}
