//! Every type in both modes and both encodings.

use super::*;
use order_core::domain::{Fact, OrderId};
use order_proto::v1;
use prost::Message as _;
use rdkafka::Timestamp;
use rdkafka::message::{Header, OwnedHeaders};

pub(super) const ORDER: &str = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1";
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
pub(super) const JSON: &str = "application/json";
pub(super) const PROTO: &str = "application/protobuf";

pub(super) fn raw(
    key: Option<&str>,
    headers: &[(&str, &[u8])],
    value: Option<&[u8]>,
) -> OwnedMessage {
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

pub(super) fn binary(kind: &str, media: &str, value: &[u8]) -> OwnedMessage {
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

pub(super) fn structured(body: &str) -> OwnedMessage {
    let headers: [(&str, &[u8]); 1] = [("content-type", STRUCTURED.as_bytes())];
    raw(None, &headers, Some(body.as_bytes()))
}

/// Data of each type, as JSON.
pub(super) fn json_of(kind: &str) -> String {
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
pub(super) fn proto_of(kind: &str) -> Vec<u8> {
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

pub(super) fn in_envelope(kind: &str, data: &str) -> String {
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
