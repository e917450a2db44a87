//! The table of bad input: what is sent, and what is to be told.

use serde_json::{Value, json};

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const KEY: (&str, &str) = ("idempotency-key", "key");
pub(crate) const EVENT: (&str, &str) = ("content-type", "application/cloudevents+json");
/// Stands for the placed order's path.
pub(crate) const ORDER: &str = "ORDER";

pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) fields: Vec<&'static str>,
}

pub(crate) fn place(body: impl Into<String>, fields: &[&'static str]) -> Case {
    Case {
        method: "POST",
        path: "/v1/orders",
        headers: vec![JSON, KEY],
        body: body.into(),
        status: 400,
        code: "invalid_argument",
        fields: fields.to_vec(),
    }
}

/// An order with one member written as `value`.
pub(crate) fn order(member: &str, value: &str, fields: &[&'static str]) -> Case {
    let mut members = vec![
        ("customer_id", r#""c""#.to_owned()),
        ("currency", r#""EUR""#.to_owned()),
        (
            "lines",
            r#"[{"sku":"s","quantity":1,"unit_price":100}]"#.to_owned(),
        ),
    ];
    members.retain(|(name, _)| *name != member);
    members.push((member, value.to_owned()));
    let text: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    place(format!("{{{}}}", text.join(",")), fields)
}

/// An order whose line has one member written as `value`.
pub(crate) fn line(member: &str, value: &str, field: &'static str) -> Case {
    let mut members = vec![("sku", r#""s""#), ("quantity", "1"), ("unit_price", "100")];
    members.retain(|(name, _)| *name != member);
    members.push((member, value));
    let text: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    order("lines", &format!("[{{{}}}]", text.join(",")), &[field])
}

pub(crate) fn change(path: &'static str, body: &str, fields: &[&'static str]) -> Case {
    Case {
        path,
        headers: vec![JSON],
        ..place(body, fields)
    }
}

pub(crate) fn get(path: &'static str, fields: &[&'static str]) -> Case {
    Case {
        method: "GET",
        path,
        headers: vec![],
        ..place("", fields)
    }
}

pub(crate) fn fact(kind: &str, data: &str, fields: &[&'static str]) -> Case {
    let body =
        format!(r#"{{"specversion":"1.0","type":"{kind}","source":"s","id":"i","data":{data}}}"#);
    Case {
        path: "/v1/facts",
        headers: vec![EVENT],
        ..place(body, fields)
    }
}

impl Case {
    pub(crate) fn but(mut self, status: u16, code: &'static str) -> Case {
        (self.status, self.code) = (status, code);
        self
    }

    pub(crate) fn headers(mut self, headers: &[(&'static str, &'static str)]) -> Case {
        self.headers = headers.to_vec();
        self
    }

    fn at(mut self, path: &'static str) -> Case {
        self.path = path;
        self
    }
}

pub(crate) fn bodies() -> Vec<Case> {
    let long = |length: usize| format!("\"{}\"", "x".repeat(length));
    vec![
        place("", &[]),
        place("{", &[]),
        place("[]", &[]),
        place("null", &[]),
        place("\"text\"", &[]),
        place("{\"customer_id\":\"a\0b\"}", &[]),
        place("[".repeat(500), &[]),
        place("{}", &["customer_id", "currency", "lines"]),
        order("customer_id", "null", &["customer_id"]),
        order("customer_id", "7", &["customer_id"]),
        order("customer_id", "\"\"", &["customer_id"]),
        order("customer_id", &long(65), &["customer_id"]),
        order("customer_id", r#""a\u0000b""#, &["customer_id"]),
        order("customer_id", r#""a\u0085b""#, &["customer_id"]),
        order("custmer", "\"c\"", &["custmer"]),
        order("customer_id", r#""c","customer_id":"d""#, &["customer_id"]),
        order("currency", "\"eur\"", &["currency"]),
        order("currency", "\"XXX\"", &["currency"]),
        order("external_id", "\"\"", &["external_id"]),
        order("lines", "[]", &["lines"]),
        order("lines", "{}", &["lines"]),
        order("lines", "[1]", &["lines[0]"]),
        order("lines", r#"[["s",null,1,100,null,null]]"#, &["lines[0]"]),
        order(
            "lines",
            r#"[{"sku":"s"},{"quantity":0,"unit_price":-1}]"#,
            &[
                "lines[0].quantity",
                "lines[0].unit_price",
                "lines[1].sku",
                "lines[1].quantity",
                "lines[1].unit_price",
            ],
        ),
        order(
            "lines",
            &format!(
                "[{}]",
                vec![r#"{"sku":"s","quantity":1,"unit_price":1}"#; 1_001].join(",")
            ),
            &["lines"],
        ),
    ]
}

/// Faults of one line, of amounts and of what stands beside the lines.
pub(crate) fn parts() -> Vec<Case> {
    let long = |length: usize| format!("\"{}\"", "x".repeat(length));
    let pairs = |count: usize| -> String {
        let map: serde_json::Map<String, Value> =
            (0..count).map(|n| (n.to_string(), json!("v"))).collect();
        Value::Object(map).to_string()
    };
    vec![
        line("sku", "\"a\\nb\"", "lines[0].sku"),
        line("sku", &long(65), "lines[0].sku"),
        line("name", "\"\"", "lines[0].name"),
        line("quantity", "0", "lines[0].quantity"),
        line("quantity", "1000001", "lines[0].quantity"),
        line("quantity", "1.0", "lines[0].quantity"),
        line("quantity", "1e3", "lines[0].quantity"),
        line("quantity", "\"1\"", "lines[0].quantity"),
        line("quantity", "true", "lines[0].quantity"),
        line("unit_price", "-1", "lines[0].unit_price"),
        line("unit_price", "9007199254740992", "lines[0].unit_price"),
        line("unit_price", "9223372036854775808", "lines[0].unit_price"),
        line(
            "unit_price",
            "99999999999999999999999999",
            "lines[0].unit_price",
        ),
        line("discount", "101", "lines[0].discount"),
        line("tax", "null,\"price\":5", "lines[0].price"),
        order(
            "lines",
            r#"[{"sku":"s","quantity":1000000,"unit_price":9007199254740991}]"#,
            &["lines[0].unit_price"],
        ),
        order("discount", "101", &["discount"]),
        order("shipping", "-1", &["shipping"]),
        order("expected_total", "101", &["expected_total"]).but(400, "total_mismatch"),
        order("payment_terms", "\"LATER\"", &["payment_terms"]),
        order("payment_terms", r#"{"INVOICE":null}"#, &["payment_terms"]),
        order(
            "confirm_before",
            "\"2001-01-01T00:00:00Z\"",
            &["confirm_before"],
        ),
        order("confirm_before", "\"tomorrow\"", &["confirm_before"]),
        order("confirm_before", "1767225600", &["confirm_before"]),
        order("metadata", &pairs(51), &["metadata"]),
        order("metadata", r#"{"a":"1","a":"2"}"#, &["metadata.a"]),
        order("metadata", r#"{"a":1}"#, &["metadata.a"]),
        order(
            "metadata",
            &format!(r#"{{"a":{}}}"#, long(501)),
            &["metadata.a"],
        ),
        order(
            "shipping_address",
            r#"{"name":"n","lines":[],"city":"c","country":"XX","zip":"1"}"#,
            &[
                "shipping_address.zip",
                "shipping_address.lines",
                "shipping_address.country",
            ],
        ),
        order(
            "shipping_address",
            r#"{"name":"","lines":["",7],"city":"c","country":"DE"}"#,
            &[
                "shipping_address.lines[1]",
                "shipping_address.name",
                "shipping_address.lines[0]",
            ],
        ),
        // A wrong price leaves the sums open: only what is sure is told.
        place(
            r#"{"customer_id":"","currency":"EUR","lines":[{"sku":"s","quantity":1,"unit_price":"5","discount":3}],"expected_total":2,"discount":1}"#,
            &["lines[0].unit_price", "customer_id"],
        ),
    ]
}

pub(crate) fn heads() -> Vec<Case> {
    let good =
        r#"{"customer_id":"c","currency":"EUR","lines":[{"sku":"s","quantity":1,"unit_price":1}]}"#;
    vec![
        place(good, &["Idempotency-Key"]).headers(&[JSON]),
        place(
            "{}",
            &["Idempotency-Key", "customer_id", "currency", "lines"],
        )
        .headers(&[JSON]),
        place(good, &["Idempotency-Key"]).headers(&[JSON, ("idempotency-key", "")]),
        place(good, &["Idempotency-Key"]).headers(&[JSON, ("idempotency-key", "a b")]),
        place(good, &["Idempotency-Key"]).headers(&[JSON, ("idempotency-key", "clé")]),
        place(good, &["Idempotency-Key"]).headers(&[JSON, KEY, ("idempotency-key", "other")]),
        place(good, &["validate_only"]).at("/v1/orders?validate_only=yes"),
        place(good, &["validate_onyl"]).at("/v1/orders?validate_onyl=true"),
        place(good, &["validate_only"]).at("/v1/orders?validate_only=true&validate_only=true"),
        place("{}", &["x", "customer_id", "currency", "lines"]).at("/v1/orders?x"),
        place(good, &[])
            .headers(&[KEY])
            .but(415, "unsupported_media_type"),
        place(good, &[])
            .headers(&[KEY, ("content-type", "text/plain")])
            .but(415, "unsupported_media_type"),
        place(good, &[])
            .headers(&[KEY, ("content-type", "application/json; charset=latin1")])
            .but(415, "unsupported_media_type"),
        place(good, &[])
            .headers(&[KEY, JSON, JSON])
            .but(415, "unsupported_media_type"),
        place(good, &[])
            .headers(&[KEY, JSON, ("accept", "text/html")])
            .but(406, "not_acceptable"),
        place(good, &[])
            .headers(&[KEY, JSON, ("accept", "application/json;q=0")])
            .but(406, "not_acceptable"),
        place(" ".repeat((1 << 20) + 1), &[]).but(413, "payload_too_large"),
        place(good, &[])
            .headers(&[KEY, JSON, ("content-length", "1048577")])
            .but(413, "payload_too_large"),
    ]
}
