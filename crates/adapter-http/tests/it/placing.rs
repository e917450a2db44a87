//! Placing orders, one by one and in batches.

use crate::desk::{Desk, order, order_with};
use serde_json::{Value, json};

#[tokio::test]
async fn a_placed_order_is_answered_whole() {
    let desk = Desk::new();
    let reply = desk.place("key-1", &order()).await;
    assert_eq!(reply.status, 201);
    let order = reply.json();
    let order_id = order["order_id"].as_str().unwrap();
    assert_eq!(
        reply.header("location"),
        Some(format!("/v1/orders/{order_id}").as_str())
    );
    assert_eq!(reply.header("etag"), Some("\"v1\""));
    assert_eq!(reply.header("idempotency-replayed"), None);
    assert_eq!(order["etag"], "v1");
    assert_eq!(order["state"], "PENDING");
    assert_eq!(order["payment_terms"], "AUTHORIZE");
    assert_eq!(
        order["totals"],
        json!({"subtotal": 4498, "discount": 0, "shipping": 0, "tax": 0, "total": 4498})
    );
    assert_eq!(order["lines"][1]["name"], "A pen");
    assert_eq!(order["lines"][0].get("name"), None);
    assert_eq!(order["placed_at"], order["updated_at"]);
    assert!(order["placed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        order["allowed_actions"][0],
        json!({"action": "cancel", "allowed": true})
    );
    assert_eq!(
        order["allowed_actions"][4]["reason"],
        "the order has no hold"
    );
    assert_eq!(
        desk.get(reply.header("location").unwrap()).await.json(),
        order
    );
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_also_after_later_changes() {
    let desk = Desk::new();
    let first = desk.place("key", &order()).await;
    let order_id = first.text_at("order_id");
    let hold = json!({"kind": "CHECK", "reason": "r"});
    assert_eq!(
        desk.post(&format!("/v1/orders/{order_id}:hold"), &[], &hold)
            .await
            .status,
        200
    );
    let head = desk.head().await;
    // Another order of members and white space is the same request.
    let body = r#" {"lines":[{"unit_price":1999,"quantity":2,"sku":"book"},{"sku":"pen","name":"A pen","quantity":1,"unit_price":500,"tax":null}],
        "currency":"EUR", "customer_id":"customer-1","metadata":{}}"#;
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "key"),
    ];
    let again = desk.ask("POST", "/v1/orders", &headers, body).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("etag"), Some("\"v1\""));
    let other = desk
        .place("key", &order_with("customer_id", json!("another")))
        .await;
    assert_eq!(
        (other.status, other.text_at("code").as_str()),
        (422, "idempotency_key_reused")
    );
    assert_eq!(desk.head().await, head);
}

#[tokio::test]
async fn a_refused_request_does_not_burn_its_key() {
    let desk = Desk::new();
    assert_eq!(
        desk.place("key", &order_with("currency", json!("EURO")))
            .await
            .status,
        400
    );
    assert_eq!(desk.place("key", &order()).await.status, 201);
}

#[tokio::test]
async fn a_preview_changes_nothing() {
    let desk = Desk::new();
    let head = desk.head().await;
    let path = "/v1/orders?validate_only=true";
    let preview = desk.post(path, &[("idempotency-key", "k")], &order()).await;
    assert_eq!(preview.status, 200);
    assert_eq!(
        preview.text_at("order_id"),
        "00000000-0000-0000-0000-000000000000"
    );
    assert_eq!(
        (preview.header("etag"), preview.header("location")),
        (None, None)
    );
    assert_eq!(desk.head().await, head);
    assert_eq!(desk.place("k", &order()).await.status, 201);
    let preview = desk.post(path, &[("idempotency-key", "k")], &order()).await;
    assert_eq!(preview.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        desk.post(
            "/v1/orders?validate_only=false",
            &[("idempotency-key", "f")],
            &order()
        )
        .await
        .status,
        201
    );
}

#[tokio::test]
async fn a_taken_external_id_is_a_conflict() {
    let desk = Desk::new();
    assert_eq!(
        desk.place("a", &order_with("external_id", json!("shop-1")))
            .await
            .status,
        201
    );
    let taken = desk
        .place("b", &order_with("external_id", json!("shop-1")))
        .await;
    assert_eq!(
        (taken.status, taken.text_at("code").as_str()),
        (409, "already_exists")
    );
}

#[tokio::test]
async fn a_batch_answers_each_order_for_itself_and_in_order() {
    let desk = Desk::new();
    let item = |key: &str, order: Value| json!({"idempotency_key": key, "order": order});
    let batch = json!({"orders": [
        item("1", order()),
        item("2", order_with("curency", json!("EUR"))),
        item("3", order_with("lines", json!([]))),
        item("bad key", order()),
        json!({"order": order_with("expected_total", json!(1))}),
        item("6", order_with("expected_total", json!(1))),
        item("1", order()),
        5,
    ]});
    let reply = desk.post("/v1/orders:batchPlace", &[], &batch).await;
    assert_eq!(reply.status, 200);
    let results = reply.json()["results"].clone();
    let fields = |nth: usize| -> Vec<String> {
        let list = results[nth]["problem"]["violations"].as_array();
        let list = list.unwrap_or_else(|| panic!("{nth}: {}", results[nth]));
        list.iter()
            .map(|one| one["field"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(results.as_array().unwrap().len(), 8);
    assert_eq!(results[0]["order"]["customer_id"], "customer-1");
    assert_eq!(fields(1), ["orders[1].order.curency"]);
    assert_eq!(fields(2), ["orders[2].order.lines"]);
    assert_eq!(fields(3), ["orders[3].idempotency_key"]);
    assert_eq!(fields(4), ["orders[4].idempotency_key"]);
    assert_eq!(fields(5), ["orders[5].order.expected_total"]);
    assert_eq!(results[5]["problem"]["code"], "total_mismatch");
    assert_eq!(
        results[6]["order"]["order_id"],
        results[0]["order"]["order_id"]
    );
    assert_eq!(fields(7), ["orders[7]"]);
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn a_batch_can_be_previewed() {
    let desk = Desk::new();
    let batch = json!({"orders": [{"idempotency_key": "1", "order": order()}]});
    let reply = desk
        .post("/v1/orders:batchPlace?validate_only=true", &[], &batch)
        .await;
    assert_eq!(
        reply.json()["results"][0]["order"]["order_id"],
        "00000000-0000-0000-0000-000000000000"
    );
    assert_eq!(desk.store.order_count(), 0);
}
