//! More bad input: changes, reads and facts.

use crate::bad_cases::{Case, EVENT, JSON, change, fact, get, place};

pub(crate) fn changes_and_reads() -> Vec<Case> {
    vec![
        change("ORDER:cancel", "{}", &["reason"]),
        change("ORDER:cancel", r#"{"reason":""}"#, &["reason"]),
        change("ORDER:cancel", r#"{"reason":"r","lines":[]}"#, &["lines"]),
        change(
            "ORDER:cancel",
            r#"{"reason":"r","lines":[{"line_no":1}],"all":true}"#,
            &["lines[0].quantity", "all"],
        ),
        change(
            "ORDER:cancel",
            r#"{"reason":"r","lines":[{"line_no":9,"quantity":1}]}"#,
            &["lines[0].line_no"],
        ),
        change("ORDER:cancel", r#"{"reason":"r"}"#, &["If-None-Match"])
            .headers(&[JSON, ("if-none-match", "*")]),
        change(
            "ORDER:hold",
            r#"{"kind":"lower","reason":5}"#,
            &["reason", "kind"],
        ),
        change(
            "ORDER:hold",
            r#"{"kind":"REFUND_DUE","reason":"r"}"#,
            &["kind"],
        ),
        change(
            "ORDER:release",
            r#"{"hold":"hold-2"}"#,
            &["hold", "hold_id"],
        ),
        change(
            "ORDER:amend",
            r#"{"customer_id":"c","metadata":{"a":5}}"#,
            &["customer_id", "metadata.a"],
        ),
        change(
            "ORDER:amend",
            r#"{"shipping_address":{"city":"c","country":"DE"}}"#,
            &["shipping_address.name", "shipping_address.lines"],
        ),
        change(
            "ORDER:amend",
            r#"{"confirm_before":"2001-01-01T00:00:00Z"}"#,
            &["confirm_before"],
        ),
        change("/v1/orders/1:cancel", r#"{"reason":"r"}"#, &["order_id"]),
        change("/v1/orders:batchPlace", r#"{"orders":[]}"#, &["orders"]),
        change(
            "/v1/orders:batchPlace",
            r#"{"order":[],"orders":{}}"#,
            &["order", "orders"],
        ),
        change("/v1/orders:batchPlace", r"[]", &[]),
        get("/v1/orders/not-an-id", &["order_id"]),
        get("/v1/orders/%ff", &["order_id"]),
        get("ORDER?fields=all", &["fields"]),
        get(
            "ORDER/events?page_size=-1&page_token=x",
            &["page_size", "page_token"],
        ),
        get(
            "/v1/orders?state=OPEN&payment_status=none&fulfillment_status=&page_size=ten",
            &["state", "payment_status", "fulfillment_status", "page_size"],
        ),
        get(
            "/v1/orders?placed_after=today&placed_before=2026-01-01&customer=c",
            &["customer", "placed_after", "placed_before"],
        ),
        get(
            "/v1/orders?page_size=-1&page_token=x&customer_id=",
            &["customer_id", "page_size", "page_token"],
        ),
        get(
            "/v1/orders?page_size=%2B5&page_size=6",
            &["page_size", "page_size"],
        ),
        get(
            "/v1/changes?after=x&limit=0&from=1",
            &["from", "after", "limit"],
        ),
        get("/v1/changes?limit=1001", &["limit"]),
        get("/v1/changes?after=-1", &["after"]),
        get("/v1/changes?after=00", &["after"]),
        get(
            "/v1/orders:watch?after=1.&state=x&customer_id=",
            &["state", "customer_id", "after"],
        ),
        get("/v1/orders:watch", &["Last-Event-ID"]).headers(&[("last-event-id", "x")]),
        get("/v1/orders:watch", &[])
            .headers(&[("accept", "application/json")])
            .but(406, "not_acceptable"),
    ]
}

pub(crate) fn facts() -> Vec<Case> {
    let id = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1";
    vec![
        fact("payment.stolen.v1", "{}", &["type"]),
        fact("payment.captured.v1", "[]", &["data"]),
        fact(
            "payment.captured.v1",
            "{}",
            &[
                "data.payment_id",
                "data.amount",
                "data.currency",
                "data.order_id",
            ],
        ),
        fact(
            "payment.captured.v1",
            &format!(r#"{{"order_id":"{id}","payment_id":"p","amount":-1,"currency":"EURO"}}"#),
            &["data.currency", "data.amount"],
        ),
        fact(
            "payment.captured.v1",
            r#"{"order_id":"7","payment_id":"p","amount":1.5,"currency":"EUR"}"#,
            &["data.order_id", "data.amount"],
        ),
        fact(
            "payment.voided.v1",
            &format!(r#"{{"order_id":"{id}","payment_id":"p","amount":5}}"#),
            &["data.currency"],
        ),
        fact(
            "stock.reserved.v1",
            &format!(r#"{{"order_id":"{id}","reservation_id":"r","amount":5}}"#),
            &["data.amount"],
        ),
        fact(
            "shipment.shipped.v1",
            &format!(
                r#"{{"order_id":"{id}","shipment_id":"s","lines":[{{"line_no":0,"quantity":1}},{{"line_no":1,"quantity":"2"}}]}}"#
            ),
            &["data.lines[1].quantity", "data.lines[0].line_no"],
        ),
        fact(
            "shipment.delivered.v1",
            &format!(r#"{{"order_id":"{id}","shipment_id":"s","lines":[]}}"#),
            &["data.lines"],
        ),
        fact(
            "return.received.v1",
            &format!(
                r#"{{"external_id":"","return_id":"{}","lines":[]}}"#,
                "x".repeat(65)
            ),
            &["data.external_id", "data.return_id", "data.lines"],
        ),
        Case {
            path: "/v1/facts",
            headers: vec![EVENT],
            ..place(
                r#"{"specversion":"1.1","id":5,"data_base64":"e30=","time":"now","time":"later"}"#,
                &["id", "data_base64", "time", "type", "source", "specversion"],
            )
        },
        Case {
            path: "/v1/facts",
            headers: vec![JSON],
            ..place(
                r#"{"order_id":"x"}"#,
                &["ce-specversion", "ce-type", "ce-source", "ce-id"],
            )
        },
        Case {
            path: "/v1/facts",
            headers: vec![("content-type", "application/cloudevents-batch+json")],
            ..place("[]", &[]).but(415, "unsupported_media_type")
        },
    ]
}
