//! Messages that are taken, held against the contract; what is no message is in `bad_messages.rs`.

use super::tests::{JSON, ORDER, PROTO, binary, in_envelope, json_of, proto_of, raw, structured};
use super::*;
use crate::config::Topics;
use order_core::domain::Fact;
use std::sync::LazyLock;
use testkit::contract::{Carried, Contract};

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::of(&crate::asyncapi()));

/// As what the contract takes it, whatever the topic that it comes by.
pub(super) fn taken_as(raw: &OwnedMessage) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = raw.headers().into_iter().flat_map(Headers::iter);
    let headers: Vec<(&str, String)> = headers
        .map(|header| (header.key, text(header.value.unwrap_or_default())))
        .collect();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let key = raw.key().map(text);
    let topics = Topics::default();
    let messages = topics.inbound().into_iter().filter_map(|topic| {
        let carried = Carried {
            topic,
            key: key.as_deref(),
            headers: &headers,
            value: raw.payload().unwrap_or_default(),
        };
        CONTRACT.message_of(&carried).ok().map(str::to_owned)
    });
    messages.collect()
}

#[test]
fn every_fact_in_every_form_is_one_message_of_the_contract() {
    for kind in Fact::type_names() {
        let json = json_of(kind);
        for (message, wanted) in [
            (binary(kind, JSON, json.as_bytes()), kind.to_owned()),
            (
                structured(&in_envelope(kind, &json)),
                format!("{}Event", order_json::data_schema(kind).unwrap()),
            ),
            (
                binary(kind, PROTO, &proto_of(kind)),
                order_proto::wire::message_of(kind).unwrap().to_owned(),
            ),
        ] {
            decode(&message).unwrap();
            assert_eq!(taken_as(&message), [wanted], "{kind}");
        }
    }
}

#[test]
fn commands_in_both_modes_are_messages_of_the_contract() {
    let place = r#"{"customer_id":"c","external_id":null,"currency":"EUR","metadata":{"a":"b"},"payment_terms":"INVOICE",
        "lines":[{"sku":"s","quantity":1,"unit_price":5,"tax":1}],"confirm_before":"2099-01-01T00:00:00Z"}"#;
    let cancel =
        format!(r#"{{"order_id":"{ORDER}","reason":"no","lines":[{{"line_no":1,"quantity":1}}]}}"#);
    for (kind, data, event) in [
        (order_json::PLACE, place, "NewOrderEvent"),
        (order_json::CANCEL, &cancel, "CancelCommandEvent"),
    ] {
        for (message, wanted) in [
            (binary(kind, JSON, data.as_bytes()), kind),
            (structured(&in_envelope(kind, data)), event),
        ] {
            decode(&message).unwrap();
            assert_eq!(taken_as(&message), [wanted]);
        }
    }
}

#[test]
fn the_forms_that_the_guide_speaks_of_are_messages_of_the_contract() {
    let kind = "stock.reserved.v1";
    let bare = in_envelope(kind, &json_of(kind));
    let by_number = json_of(kind).replace(
        &format!("\"order_id\":\"{ORDER}\""),
        "\"external_id\":\"shop-7\"",
    );
    let extended = bare.replace(
        "\"id\":",
        "\"tenant\":\"t-1\",\"retry\":2,\"subject\":null,\"id\":",
    );
    let attributes: [(&str, &[u8]); 5] = [
        ("ce_specversion", b"1.0"),
        ("ce_type", kind.as_bytes()),
        ("ce_source", b"/shop"),
        ("ce_id", b"1"),
        ("ce_externalid", b"shop-7"),
    ];
    let proto = [&attributes[..], &[("content-type", PROTO.as_bytes())]].concat();
    for message in [
        raw(None, &[], Some(bare.as_bytes())),
        raw(None, &[], Some(extended.as_bytes())),
        raw(Some("shop-7"), &attributes[..4], Some(by_number.as_bytes())),
        raw(Some("shop-7"), &proto, Some(&proto_of(kind))),
        binary(
            kind,
            "application/json; charset=utf-8",
            by_number.as_bytes(),
        ),
    ] {
        decode(&message).unwrap();
        assert_eq!(taken_as(&message).len(), 1, "{message:?}");
    }
}

/// Every example of the document is taken by the code, as what it says.
#[test]
fn every_example_is_taken() {
    let messages = CONTRACT.document()["components"]["messages"].as_object();
    let mut tried = 0;
    for (name, message) in messages.unwrap() {
        for example in message["examples"].as_array().into_iter().flatten() {
            let headers = example["headers"].as_object().unwrap();
            let headers: Vec<(&str, &[u8])> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap().as_bytes()))
                .collect();
            let payload = example["payload"].to_string();
            let raw = raw(None, &headers, Some(payload.as_bytes()));
            let message = decode(&raw).unwrap_or_else(|reason| panic!("{name}: {reason}"));
            if let Content::Fact(fact) = message.content {
                fact.check().unwrap();
            }
            assert_eq!(taken_as(&raw), [name.as_str()]);
            tried += 1;
        }
    }
    let incoming = Fact::type_names().count() + 2;
    assert!(tried > incoming, "{tried}");
}
