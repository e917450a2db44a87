//! The same order and event by gRPC and by REST, compared field by field as JSON.

use order_core::ports::{FeedPosition, RecordedEvent};
use order_proto::{FILE_DESCRIPTOR_SET, wire};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Map, Value};
use testkit::{Desk, event_of_every_kind, full_order, new_order};

/// A message as JSON: field names as they are, numbers as numbers, what is empty left out.
fn json(name: &str, message: &impl Message) -> Value {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let descriptor = pool.get_message_by_name(name).unwrap();
    let message = DynamicMessage::decode(descriptor, &*message.encode_to_vec()).unwrap();
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false);
    let mut out = serde_json::Serializer::new(Vec::new());
    message.serialize_with_options(&mut out, &options).unwrap();
    plain(serde_json::from_slice(&out.into_inner()).unwrap())
}

/// What both forms have in common: times as milliseconds, enumerations without their prefix, and
/// nothing where there is zero, an empty text or list, or false.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, value)| {
                let value = plain(value);
                let empty = match &value {
                    Value::Null | Value::Bool(false) => true,
                    Value::Number(number) => number.as_i64() == Some(0),
                    Value::String(text) => text.is_empty(),
                    Value::Array(list) => list.is_empty(),
                    Value::Object(members) => members.is_empty(),
                    Value::Bool(true) => false,
                };
                (!empty).then_some((name, value))
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.into_iter().map(plain).collect(),
        Value::String(text) => match order_json::parse_timestamp(&text) {
            Some(time) => time.millis().into(),
            None => without_prefix(text).into(),
        },
        other => other,
    }
}

fn without_prefix(text: String) -> String {
    const PREFIXES: [&str; 7] = [
        "SHIPMENT_STATUS_",
        "PAYMENT_STATUS_",
        "FULFILLMENT_STATUS_",
        "RETURN_STATUS_",
        "PAYMENT_TERMS_",
        "STATE_",
        "ACTION_",
    ];
    match PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        // JSON writes actions in lower case, as verbs of its paths.
        Some(rest) if text.starts_with("ACTION_") => rest.to_lowercase(),
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn rest(json: &[u8]) -> Value {
    plain(serde_json::from_slice(json).unwrap())
}

#[test]
fn an_order_is_the_same() {
    let desk = Desk::new();
    let mut full = full_order(&desk);
    full.derive();
    for order in [
        full,
        desk.order(new_order()),
        desk.order(new_order().lines(20).address().amounts(7, 499, 31)),
    ] {
        let grpc = json("orders.v1.Order", &wire::order(&order));
        let rest = rest(&order_json::order_to_vec(&order));
        assert!(rest.as_object().unwrap().len() >= 12);
        assert_eq!(grpc, rest);
    }
}

#[test]
fn an_event_of_every_kind_is_the_same() {
    let desk = Desk::new();
    let order = desk.order(new_order().lines(2));
    for event in event_of_every_kind(&desk, &order) {
        let position = FeedPosition {
            partition: 0,
            offset: 7,
        };
        let recorded = RecordedEvent { position, event };
        let mut grpc = json("orders.v1.OrderEvent", &wire::event(&recorded));
        let mut rest = rest(&order_json::event_to_vec(&recorded));
        // A CloudEvent keeps the order and the event's own fields in `data`, and has constants beside it.
        let mut data = rest.as_object_mut().unwrap().remove("data").unwrap();
        for name in [
            "specversion",
            "source",
            "subject",
            "datacontenttype",
            "orderversion",
        ] {
            rest.as_object_mut().unwrap().remove(name).unwrap();
        }
        data.as_object_mut()
            .unwrap()
            .append(rest.as_object_mut().unwrap());
        let kind = grpc["type"].clone();
        for json in [&mut grpc, &mut data] {
            assert!(json.as_object().unwrap().len() >= 7, "{kind} {json}");
        }
        assert_eq!(grpc, data, "{kind}");
    }
}
