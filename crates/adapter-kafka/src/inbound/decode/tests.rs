//! Every type in both modes and both encodings, and what is no message.

use super::*;
use order_core::domain::{Fact, OrderId};
use order_proto::v1;
use prost::Message as _;
use rdkafka::Timestamp;
use rdkafka::message::{Header, OwnedHeaders};

const ORDER: &str = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1";
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const JSON: &str = "application/json";
const PROTO: &str = "application/protobuf";

fn raw(key: Option<&str>, headers: &[(&str, &[u8])], value: Option<&[u8]>) -> OwnedMessage {
    let headers = headers
        .iter()
        .fold(OwnedHeaders::new(), |all, (key, value)| {
            let value = Some(*value);
            all.insert(Header { key, value })
        });
    let owned = |bytes: &[u8]| bytes.to_vec();
    OwnedMessage::new(
        value.map(owned),
        key.map(|key| key.as_bytes().to_vec()),
        "payments.events.v1".to_owned(),
        Timestamp::NotAvailable,
        3,
        41,
        Some(headers),
    )
}

fn binary(kind: &str, media: &str, value: &[u8]) -> OwnedMessage {
    let headers: [(&str, &[u8]); 6] = [
        ("content-type", media.as_bytes()),
        ("ce_specversion", b"1.0"),
        ("ce_type", kind.as_bytes()),
        ("ce_source", b"/shop"),
        ("ce_id", b"id-1"),
        ("traceparent", TRACE.as_bytes()),
    ];
    raw(Some(ORDER), &headers, Some(value))
}

fn structured(body: &str) -> OwnedMessage {
    let headers: [(&str, &[u8]); 1] = [("content-type", STRUCTURED.as_bytes())];
    raw(None, &headers, Some(body.as_bytes()))
}

/// Data of each type, as JSON.
fn json_of(kind: &str) -> String {
    let rest = match kind.split('.').next().unwrap() {
        "payment" => r#""payment_id":"p","amount":5,"currency":"EUR","reference":"r""#,
        "stock" => r#""reservation_id":"s""#,
        "return" => r#""return_id":"t","lines":[{"line_no":1,"quantity":2}]"#,
        _ if kind == "shipment.shipped.v1" => {
            r#""shipment_id":"b","lines":[{"line_no":1,"quantity":2}],"carrier":"c""#
        }
        _ => r#""shipment_id":"b""#,
    };
    format!(r#"{{"order_id":"{ORDER}",{rest}}}"#)
}

/// The same as a message of `orders.v1`.
fn proto_of(kind: &str) -> Vec<u8> {
    let words: Vec<&str> = kind.split('.').collect();
    let name = |family: &str| format!("{family}_{}", words[1].to_uppercase());
    let lines = vec![v1::LineQuantity {
        line_no: 1,
        quantity: 2,
    }];
    match words[0] {
        "payment" => v1::PaymentFact {
            kind: v1::PaymentFactKind::from_str_name(&name("PAYMENT_FACT_KIND"))
                .unwrap()
                .into(),
            payment_id: "p".to_owned(),
            reference: "r".to_owned(),
            amount: Some(5),
            currency: Some("EUR".to_owned()),
            reason: String::new(),
        }
        .encode_to_vec(),
        "stock" => v1::StockFact {
            kind: v1::StockFactKind::from_str_name(&name("STOCK_FACT_KIND"))
                .unwrap()
                .into(),
            reservation_id: "s".to_owned(),
            reason: String::new(),
        }
        .encode_to_vec(),
        "return" => v1::ReturnFact {
            kind: v1::ReturnFactKind::Received.into(),
            return_id: "t".to_owned(),
            lines,
        }
        .encode_to_vec(),
        _ => {
            let shipped = kind == "shipment.shipped.v1";
            v1::ShipmentFact {
                kind: v1::ShipmentFactKind::from_str_name(&name("SHIPMENT_FACT_KIND"))
                    .unwrap()
                    .into(),
                shipment_id: "b".to_owned(),
                carrier: if shipped {
                    "c".to_owned()
                } else {
                    String::new()
                },
                tracking_number: String::new(),
                lines: if shipped { lines } else { Vec::new() },
            }
            .encode_to_vec()
        }
    }
}

fn in_envelope(kind: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","type":"{kind}","source":"/shop","id":"id-1","traceparent":"{TRACE}","data":{data}}}"#
    )
}

#[test]
fn every_fact_is_read_alike_in_both_modes_and_both_encodings() {
    for kind in Fact::type_names() {
        let json = json_of(kind);
        let whole = decode(&structured(&in_envelope(kind, &json))).unwrap();
        assert_eq!(whole.traceparent.as_deref(), Some(TRACE));
        let parts = decode(&binary(kind, JSON, json.as_bytes())).unwrap();
        assert_eq!(parts, whole, "{kind}");
        let proto = decode(&binary(kind, PROTO, &proto_of(kind))).unwrap();
        let checked = |message: Message| {
            let Content::Fact(fact) = message.content else {
                panic!("a fact")
            };
            fact.check().unwrap()
        };
        let (proto, whole) = (checked(proto), checked(whole));
        assert_eq!(proto, whole, "{kind}");
        assert_eq!(whole.fact.type_name(), kind);
    }
}

#[test]
fn commands_are_read_in_both_modes() {
    let order =
        r#"{"customer_id":"c","currency":"EUR","lines":[{"sku":"s","quantity":1,"unit_price":5}]}"#;
    let cancel =
        format!(r#"{{"order_id":"{ORDER}","reason":"no","lines":[{{"line_no":1,"quantity":1}}]}}"#);
    for (kind, data) in [("order.place.v1", order), ("order.cancel.v1", &cancel)] {
        let whole = decode(&structured(&in_envelope(kind, data))).unwrap();
        let parts = decode(&binary(kind, JSON, data.as_bytes())).unwrap();
        assert_eq!(parts, whole);
        assert_eq!(whole.id, "id-1");
    }
    let cancelled = decode(&binary("order.cancel.v1", JSON, cancel.as_bytes())).unwrap();
    let Content::Cancel(id, ask) = cancelled.content else {
        panic!("a cancellation")
    };
    assert_eq!((id.to_string().as_str(), ask.lines.len()), (ORDER, 1));
}

#[test]
fn a_message_without_headers_is_structured_and_a_media_type_may_have_parameters() {
    let body = in_envelope("stock.refused.v1", &json_of("stock.refused.v1"));
    let bare = raw(None, &[], Some(body.as_bytes()));
    let media: [(&str, &[u8]); 1] = [(
        "Content-Type",
        b"Application/CloudEvents+JSON; charset=UTF-8",
    )];
    let marked = raw(None, &media, Some(body.as_bytes()));
    assert_eq!(decode(&bare).unwrap(), decode(&marked).unwrap());
}

#[test]
fn a_fact_in_protobuf_names_its_order_by_subject_extension_or_key() {
    let kind = "stock.reserved.v1";
    let named = |key: Option<&str>, more: &[(&str, &[u8])]| {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("content-type", PROTO.as_bytes()),
            ("ce_specversion", b"1.0"),
            ("ce_type", kind.as_bytes()),
            ("ce_source", b"/shop"),
            ("ce_id", b"1"),
        ];
        headers.extend(more);
        match decode(&raw(key, &headers, Some(&proto_of(kind))))?.content {
            Content::Fact(fact) => Ok((fact.order_id, fact.external_id)),
            _ => Err("no fact".to_owned()),
        }
    };
    let id: OrderId = ORDER.parse().unwrap();
    let other = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d2";
    assert_eq!(named(Some(ORDER), &[]), Ok((Some(id), None)));
    assert_eq!(
        named(Some(other), &[("ce_subject", ORDER.as_bytes())]),
        Ok((Some(id), None))
    );
    let external: (&str, &[u8]) = ("ce_externalid", b"shop-7");
    assert_eq!(
        named(Some("shop-7"), &[external]),
        Ok((None, Some("shop-7".to_owned())))
    );
    assert_eq!(
        named(None, &[external, ("ce_subject", ORDER.as_bytes())]),
        Ok((Some(id), None))
    );
    assert!(named(None, &[]).unwrap_err().contains("order_id"));
    assert!(named(Some("shop-7"), &[]).unwrap_err().contains("UUID"));
}

#[test]
fn messages_of_one_order_share_a_lane_whatever_names_it() {
    let hasher = RandomState::new();
    let body = in_envelope("stock.refused.v1", &json_of("stock.refused.v1"));
    let keyed = raw(Some(ORDER), &[], Some(b"whatever"));
    let named = raw(None, &[], Some(body.as_bytes()));
    assert_eq!(lane(&keyed, &hasher), lane(&named, &hasher));
    let nobody = raw(None, &[], Some(b"whatever"));
    assert_ne!(lane(&nobody, &hasher), lane(&keyed, &hasher));
}

#[test]
fn a_trace_that_is_none_is_ignored() {
    for trace in [&b"x"[..], b"\xff", b"", b"00-0-0-01"] {
        let headers: [(&str, &[u8]); 1] = [("traceparent", trace)];
        let body =
            in_envelope("stock.refused.v1", &json_of("stock.refused.v1")).replace(TRACE, "x");
        let message = decode(&raw(None, &headers, Some(body.as_bytes()))).unwrap();
        assert_eq!(message.traceparent, None);
    }
}

/// What is no message, and a word that its reason has.
#[test]
fn what_is_no_message_is_told_with_everything_wrong() {
    let good = json_of("payment.captured.v1");
    let envelope = |from: &str, to: &str| {
        structured(&in_envelope("payment.captured.v1", &good).replace(from, to))
    };
    let data = |data: &str| structured(&in_envelope("payment.captured.v1", data));
    let command = |kind: &str, data: &str| structured(&in_envelope(kind, data));
    let parts = |media: &str, value: &[u8]| binary("payment.captured.v1", media, value);
    let no_utf8: [(&str, &[u8]); 2] = [("ce_id", b"\xff\xfe"), ("ce_type", b"x")];
    let batch: [(&str, &[u8]); 1] = [("content-type", b"application/cloudevents-batch+json")];
    let avro: [(&str, &[u8]); 1] = [("content-type", b"application/cloudevents+avro")];
    let media_alone: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
    let twice: [(&str, &[u8]); 5] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"1"),
        ("ce_id", b"2"),
        ("ce_source", b"s"),
        ("ce_type", b"stock.refused.v1"),
    ];
    let proto_alone: [(&str, &[u8]); 2] = [
        ("content-type", b"application/protobuf"),
        ("ce_type", b"stock.refused.v1"),
    ];
    let old_proto: [(&str, &[u8]); 5] = [
        ("content-type", b"application/protobuf"),
        ("ce_specversion", b"0.3"),
        ("ce_id", b"1"),
        ("ce_source", b"s"),
        ("ce_type", b"stock.refused.v1"),
    ];
    let long = "x".repeat(300);
    let deep = "[".repeat(10_000);
    let bad: Vec<(OwnedMessage, &str)> = vec![
        (raw(None, &[], None), "no value"),
        (raw(None, &[], Some(b"")), "not valid JSON"),
        (raw(None, &[], Some(b"\x00\x01\xff")), "not valid JSON"),
        (raw(None, &[], Some(b"null")), "must be a JSON object"),
        (raw(None, &[], Some(b"[]")), "must be a JSON object"),
        (raw(None, &[], Some(b"{}")), "specversion is required"),
        (raw(None, &[], Some(b"{\"a\":")), "not valid JSON"),
        (raw(None, &[], Some(deep.as_bytes())), "not valid JSON"),
        (raw(None, &no_utf8, Some(b"{}")), "not UTF-8"),
        (raw(None, &batch, Some(b"[]")), "is not taken"),
        (raw(None, &avro, Some(b"x")), "is not taken"),
        (
            raw(None, &media_alone, Some(good.as_bytes())),
            "ce_type is required",
        ),
        (
            raw(None, &twice, Some(b"{\"order_id\":\"x\"}")),
            "ce_id is given twice",
        ),
        (envelope("\"1.0\"", "\"0.3\""), "must be 1.0"),
        (envelope("\"id\":\"id-1\",", ""), "id is required"),
        (envelope("\"id\":\"id-1\"", "\"id\":\"\""), "id "),
        (envelope("\"id\":\"id-1\"", "\"id\":7"), "must be a string"),
        (envelope("id-1", &long), "255"),
        (envelope("/shop", &long), "255"),
        (
            envelope("payment.captured.v1", "payment.capture.v1"),
            "did you mean",
        ),
        (
            envelope("payment.captured.v1", "order.placed.v1"),
            "order.place.v1",
        ),
        (envelope("payment.captured.v1", ""), "is not known"),
        (
            envelope("\"data\":", "\"data_base64\":"),
            "data is required",
        ),
        (data("null"), "data"),
        (data("{}"), "data.payment_id is required"),
        (data("\"text\""), "data must be an object"),
        (data(&good.replace(":5,", ":5.5,")), "without a fraction"),
        (data(&good.replace(":5,", ":\"5\",")), "no quotation marks"),
        (data(&good.replace(":5,", ":-5,")), "data.amount"),
        (data(&good.replace("EUR", "EUX")), "data.currency"),
        (data(&good.replace(ORDER, "7")), "data.order_id"),
        (
            data(&good.replace("\"order_id\"", "\"order\"")),
            "data.order",
        ),
        (data(&good.replace("{", "{\"amount\":5,")), "given twice"),
        (
            command(
                "shipment.shipped.v1",
                &format!(r#"{{"order_id":"{ORDER}","shipment_id":"b","lines":[]}}"#),
            ),
            "data.lines",
        ),
        (
            command("order.place.v1", r#"{"customer_id":"c"}"#),
            "data.currency is required",
        ),
        (command("order.place.v1", "[]"), "data must be an object"),
        (
            command("order.cancel.v1", r#"{"reason":"r"}"#),
            "data.order_id is required",
        ),
        (
            command("order.cancel.v1", r#"{"order_id":"x","reason":"r"}"#),
            "data.order_id",
        ),
        (
            command(
                "order.cancel.v1",
                &format!(r#"{{"order_id":"{ORDER}","reason":"r","lines":[]}}"#),
            ),
            "data.lines",
        ),
        (
            command(
                "order.cancel.v1",
                &format!(r#"{{"order_id":"{ORDER}","reason":"r","force":true}}"#),
            ),
            "data.force",
        ),
        (parts("text/xml", good.as_bytes()), "ce_datacontenttype"),
        (parts(JSON, b"[]"), "must be a JSON object"),
        (
            parts(JSON, good.replace("\"p\"", "7").as_bytes()),
            "payment_id",
        ),
        (parts(PROTO, b"\xff\xff\xff"), "PaymentFact"),
        (parts(PROTO, b""), "payment.kind"),
        (parts(PROTO, &proto_of("payment.refunded.v1")), "must agree"),
        (binary("order.place.v1", PROTO, b""), "no fact"),
        (
            raw(None, &proto_alone, Some(b"")),
            "ce_specversion is required",
        ),
        (raw(Some(ORDER), &old_proto, Some(b"")), "must be 1.0"),
    ];
    assert!(bad.len() > 40);
    for (message, word) in bad {
        let reason = decode(&message).unwrap_err();
        assert!(reason.contains(word), "{word}: {reason}\n{message:?}");
    }
}
