//! What comes in: each fact and command in binary mode, the same in structured mode by the form of its
//! data, and the protobuf messages of facts.

use super::channel::{Action, Channel};
use super::message::{Correlation, Headers, JSON_MEDIA, Message, TRACE, always, reference};
use crate::config::Config;
use crate::headers::{
    CE_ID, CE_SOURCE, CE_SPECVERSION, CE_SUBJECT, CE_TIME, CE_TYPE, CONTENT_TYPE, EXTERNAL_ID,
    JSON, PREFIX, PROTOBUF, SPECVERSION, STRUCTURED, TRACEPARENT,
};
use order_core::domain::Fact;
use order_json::{CANCEL, PLACE, data_schema, structured_event};
use order_proto::{definition_of, wire::message_of};
use serde_json::{Value, json};

/// The multi-format name of protobuf's third language (specification, "Multi Format Schema Object").
const PROTO3: &str = "application/vnd.google.protobuf;version=3";
/// `source` and `id` of the examples.
const SOURCE: &str = "/shop";
const ID: &str = "4711";

pub(super) fn channels(config: &Config) -> [Channel; 4] {
    let topics = &config.topics;
    [
        Channel {
            id: "payments",
            address: topics.payments.clone(),
            description: "Facts about money.",
            operation: "receivePayments",
            ..facts(&["payment"])
        },
        Channel {
            id: "inventory",
            address: topics.inventory.clone(),
            description: "Facts about stock.",
            operation: "receiveInventory",
            ..facts(&["stock"])
        },
        Channel {
            id: "shipments",
            address: topics.shipments.clone(),
            description: "Facts about parcels and returns.",
            operation: "receiveShipments",
            ..facts(&["shipment", "return"])
        },
        Channel {
            id: "commands",
            address: topics.commands.clone(),
            description: "Commands. Refused ones go to the dead-letter topic with the reason.",
            operation: "receiveCommands",
            tag: "commands",
            ..received("commands", &[PLACE, CANCEL])
        },
    ]
}

/// The facts of these families: the first words of their types.
fn facts(families: &[&str]) -> Channel {
    let of_these = |name: &&str| {
        let family = name.split('.').next().unwrap_or_default();
        families.contains(&family)
    };
    let types: Vec<&'static str> = Fact::type_names().filter(of_these).collect();
    let mut channel = received("facts", &types);
    for (message, types) in grouped(&types, message_of) {
        channel.messages.push(protobuf(message, &types));
    }
    channel
}

/// A topic with messages of these types in both modes.
fn received(tag: &'static str, types: &[&'static str]) -> Channel {
    let mut messages: Vec<Message> = types.iter().map(|name| binary(name)).collect();
    for (schema, types) in grouped(types, data_schema) {
        messages.push(structured(schema, &types));
    }
    Channel {
        id: "",
        address: String::new(),
        description: "",
        action: Action::Receive,
        operation: "",
        tag,
        messages,
    }
}

/// Types by what they have in common, in their order.
fn grouped(
    types: &[&'static str],
    by: fn(&str) -> Option<&'static str>,
) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for name in types {
        let Some(common) = by(name) else {
            continue;
        };
        match groups.iter_mut().find(|(known, _)| *known == common) {
            Some((_, members)) => members.push(name),
            None => groups.push((common, vec![name])),
        }
    }
    groups
}

fn binary(type_name: &'static str) -> Message {
    let schema = data_schema(type_name).unwrap_or_default();
    let example = json!({
        "headers": {
            CE_SPECVERSION: SPECVERSION, CE_TYPE: type_name, CE_SOURCE: SOURCE, CE_ID: ID,
            CONTENT_TYPE: JSON,
        },
        "payload": example_of(schema),
    });
    Message {
        id: type_name.to_owned(),
        description: "Binary mode: the attributes are headers, the value is the data.".to_owned(),
        content_type: JSON,
        headers: attributes(always(type_name), id_of(type_name))
            .or(CE_SUBJECT, json!({"type": "string"}))
            .or(CONTENT_TYPE, reference(JSON_MEDIA)),
        payload: reference(schema),
        key: key(),
        correlation: Some(Correlation::Header),
        example: Some(example),
    }
}

fn structured(schema: &'static str, types: &[&'static str]) -> Message {
    let content_type = json!({
        "type": "string",
        "pattern": format!("^{}( *;.*)?$", STRUCTURED.replace('+', "[+]")),
        "description": "A message without any header is read as structured too.",
        "examples": [STRUCTURED],
    });
    let event = json!({
        "specversion": SPECVERSION, "type": types[0], "source": SOURCE, "id": ID,
        "data": example_of(schema),
    });
    Message {
        id: format!("{schema}Event"),
        description: format!(
            "Structured mode: the value is the whole event. Of {}.",
            types.join(", ")
        ),
        content_type: STRUCTURED,
        headers: Headers::default()
            .or(CONTENT_TYPE, content_type)
            .or(TRACEPARENT, reference(TRACE)),
        payload: structured_event(types, schema),
        key: key(),
        correlation: Some(Correlation::Structured),
        example: Some(json!({"headers": {CONTENT_TYPE: STRUCTURED}, "payload": event})),
    }
}

fn protobuf(message: &'static str, types: &[&'static str]) -> Message {
    let told = |name: &str| {
        let mut schema = reference(name);
        schema["description"] = "Names the order, which the message does not.".into();
        schema
    };
    let media = json!({"type": "string", "enum": PROTOBUF});
    let any = json!({"type": "string", "enum": types});
    let subject = told("OrderId");
    Message {
        id: message.to_owned(),
        description: format!(
            "Binary mode with protobuf: the value is the message {message} of proto/orders/v1/fact.proto, whose \
             kind must be that of the type. It does not name its order: {CE_SUBJECT} does (the order's id), or \
             {PREFIX}{EXTERNAL_ID} (the caller's own number), else the key (the order's id)."
        ),
        content_type: PROTOBUF[0],
        headers: attributes(any, "EventIdentifier")
            .with(CONTENT_TYPE, media)
            .or(CE_SUBJECT, subject)
            .or(&format!("{PREFIX}{EXTERNAL_ID}"), told("ExternalId")),
        payload: json!({"schemaFormat": PROTO3, "schema": definition_of(message)}),
        key: key(),
        correlation: Some(Correlation::Header),
        example: None,
    }
}

/// The headers of every message in binary mode.
fn attributes(type_schema: Value, id_schema: &str) -> Headers {
    Headers::default()
        .with(CE_SPECVERSION, always(SPECVERSION))
        .with(CE_TYPE, type_schema)
        .with(CE_SOURCE, reference("EventIdentifier"))
        .with(CE_ID, reference(id_schema))
        .or(CE_TIME, reference("Timestamp"))
        .or(TRACEPARENT, reference(TRACE))
}

/// The id of a command is its idempotency key.
fn id_of(type_name: &str) -> &'static str {
    match type_name {
        PLACE | CANCEL => "IdempotencyKey",
        _ => "EventIdentifier",
    }
}

fn key() -> Value {
    json!({
        "type": "string",
        "description": "The order's id where it is known: messages of one key are handled in their order.",
    })
}

/// Data that this schema allows, and the service takes.
fn example_of(schema: &str) -> Value {
    const EXTERNAL: &str = "kafka-1001";
    match schema {
        "PaymentData" => {
            json!({"external_id": EXTERNAL, "payment_id": "pay-1", "amount": 2500, "currency": "EUR"})
        }
        "PaymentNotice" => json!({"external_id": EXTERNAL, "payment_id": "pay-1"}),
        "StockData" => json!({"external_id": EXTERNAL, "reservation_id": "res-1"}),
        "ShipmentStart" => json!({
            "external_id": EXTERNAL, "shipment_id": "parcel-1", "carrier": "DHL",
            "lines": [{"line_no": 1, "quantity": 2}],
        }),
        "ShipmentEnd" => json!({"external_id": EXTERNAL, "shipment_id": "parcel-1"}),
        "ReturnData" => json!({
            "external_id": EXTERNAL, "return_id": "ret-1", "lines": [{"line_no": 1, "quantity": 1}],
        }),
        "NewOrder" => json!({
            "customer_id": "customer-9", "external_id": EXTERNAL, "currency": "EUR",
            "lines": [{"sku": "mug", "quantity": 2, "unit_price": 1250}],
        }),
        "CancelCommand" => json!({
            "order_id": "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1", "reason": "the customer changed her mind",
        }),
        _ => Value::Null,
    }
}
