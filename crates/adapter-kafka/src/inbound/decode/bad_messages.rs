//! What is no message, each with a word that its reason has.

use super::contract::taken_as;
use super::tests::{JSON, ORDER, PROTO, binary, in_envelope, json_of, proto_of, raw, structured};
use super::*;

const CAPTURED: &str = "payment.captured.v1";

/// The contract knows each as well as the code does.
#[track_caller]
fn assert_told<const N: usize>(bad: [(OwnedMessage, &str); N]) {
    for (message, word) in &bad {
        let taken = taken_as(message);
        assert!(taken.is_empty(), "{word}: the contract takes it: {taken:?}");
    }
    assert_told_by_code(bad);
}

/// What no schema can tell.
#[track_caller]
fn assert_told_by_code<const N: usize>(bad: [(OwnedMessage, &str); N]) {
    for (message, word) in bad {
        let reason = decode(&message).unwrap_err();
        assert!(reason.contains(word), "{word}: {reason}\n{message:?}");
    }
}

#[test]
fn bodies_that_are_no_event() {
    let bare = |body: &[u8]| raw(None, &[], Some(body));
    let deep = "[".repeat(10_000);
    assert_told([
        (raw(None, &[], None), "no value"),
        (bare(b""), "not valid JSON"),
        (bare(b"\x00\x01\xff"), "not valid JSON"),
        (bare(b"{\"a\":"), "not valid JSON"),
        (bare(deep.as_bytes()), "not valid JSON"),
        (bare(b"null"), "must be a JSON object"),
        (bare(b"[]"), "must be a JSON object"),
        (bare(b"{}"), "specversion is required"),
    ]);
}

#[test]
fn envelopes_that_are_wrong() {
    let good = in_envelope(CAPTURED, &json_of(CAPTURED));
    let with = |from: &str, to: &str| structured(&good.replace(from, to));
    let long = "x".repeat(300);
    assert_told([
        (with("\"1.0\"", "\"0.3\""), "must be 1.0"),
        (with("\"id\":\"id-1\",", ""), "id is required"),
        (with("\"id\":\"id-1\"", "\"id\":\"\""), "id "),
        (with("\"id\":\"id-1\"", "\"id\":7"), "must be a string"),
        (with("id-1", &long), "255"),
        (with("/shop", &long), "255"),
        (with(CAPTURED, "payment.capture.v1"), "did you mean"),
        (with(CAPTURED, "order.placed.v1"), "order.place.v1"),
        (with(CAPTURED, ""), "is not known"),
        (with("\"data\":", "\"data_base64\":"), "data is required"),
    ]);
}

#[test]
fn data_that_is_wrong() {
    let good = json_of(CAPTURED);
    let data = |data: &str| structured(&in_envelope(CAPTURED, data));
    let with = |from: &str, to: &str| data(&good.replacen(from, to, 1));
    assert_told([
        (data("null"), "data"),
        (data("{}"), "data.payment_id is required"),
        (data("\"text\""), "data must be an object"),
        (with(":5,", ":5.5,"), "without a fraction"),
        (with(":5,", ":\"5\","), "no quotation marks"),
        (with(":5,", ":-5,"), "data.amount"),
        (with("EUR", "EUX"), "data.currency"),
        (with(ORDER, "7"), "data.order_id"),
        (with("\"order_id\"", "\"order\""), "data.order"),
    ]);
    assert_told_by_code([(with("{", "{\"amount\":5,"), "given twice")]);
}

#[test]
fn parcels_and_commands_that_are_wrong() {
    let told = |kind: &str, data: &str| structured(&in_envelope(kind, data));
    let cancel = |rest: &str| {
        let data = format!(r#"{{"order_id":"{ORDER}","reason":"r",{rest}}}"#);
        told("order.cancel.v1", &data)
    };
    let empty = format!(r#"{{"order_id":"{ORDER}","shipment_id":"b","lines":[]}}"#);
    let nobody = r#"{"order_id":"x","reason":"r"}"#;
    let nothing = r#"{"customer_id":"c"}"#;
    assert_told([
        (told("shipment.shipped.v1", &empty), "data.lines"),
        (told("order.place.v1", nothing), "data.currency is required"),
        (told("order.place.v1", "[]"), "data must be an object"),
        (told("order.cancel.v1", "{}"), "data.order_id is required"),
        (told("order.cancel.v1", nobody), "data.order_id"),
        (cancel(r#""lines":[]"#), "data.lines"),
        (cancel(r#""force":true"#), "data.force"),
    ]);
}

#[test]
fn headers_that_are_wrong() {
    let good = json_of(CAPTURED);
    let media = |media: &str| raw(None, &[("content-type", media.as_bytes())], Some(b"{}"));
    let attributes = |list: &[(&str, &[u8])], media: &str| {
        let mut all = vec![("content-type", media.as_bytes())];
        all.extend(list);
        raw(Some(ORDER), &all, Some(b"{}"))
    };
    let pair = |name, value| -> (&str, &[u8]) { (name, value) };
    let (id, kind) = (pair("ce_id", b"1"), pair("ce_type", b"x"));
    let old: [(&str, &[u8]); 4] = [("ce_specversion", b"0.3"), ("ce_source", b"s"), id, kind];
    assert_told([
        (media("application/cloudevents-batch+json"), "is not taken"),
        (media("application/cloudevents+avro"), "is not taken"),
        (media(JSON), "ce_type is required"),
        (attributes(&[("ce_id", b"\xff\xfe")], JSON), "not UTF-8"),
        (attributes(&[id, id], JSON), "ce_id is given twice"),
        (attributes(&[id], PROTO), "ce_specversion is required"),
        (attributes(&old, PROTO), "must be 1.0"),
        (
            binary(CAPTURED, "text/xml", good.as_bytes()),
            "ce_datacontenttype",
        ),
    ]);
}

#[test]
fn bodies_beside_headers_that_are_wrong() {
    let good = json_of(CAPTURED);
    let number = good.replace("\"p\"", "7");
    let parts = |media: &str, value: &[u8]| binary(CAPTURED, media, value);
    assert_told([
        (parts(JSON, b"[]"), "must be a JSON object"),
        (parts(JSON, b"{} {}"), "not valid JSON"),
        (parts(JSON, number.as_bytes()), "payment_id"),
        (binary("order.place.v1", PROTO, b""), "no fact"),
    ]);
    assert_told_by_code([
        (parts(PROTO, b"\xff\xff\xff"), "PaymentFact"),
        (parts(PROTO, b""), "payment.kind"),
        (parts(PROTO, &proto_of("payment.refunded.v1")), "must agree"),
    ]);
}
