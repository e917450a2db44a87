//! Facts over HTTP, in both modes, and the life that they move an order through.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn facts_move_an_order_to_its_end() {
    let desk = Desk::new();
    let order_id = desk.placed("k").await;
    let money = json!({"order_id": order_id, "payment_id": "p", "amount": 4498, "currency": "EUR"});
    let lines = json!([{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 1}]);
    for (id, kind, data) in [
        (
            "1",
            "stock.reserved.v1",
            json!({"order_id": order_id, "reservation_id": "r"}),
        ),
        ("2", "payment.authorized.v1", money.clone()),
        ("3", "payment.captured.v1", money.clone()),
        (
            "4",
            "shipment.shipped.v1",
            json!({"order_id": order_id, "shipment_id": "s", "carrier": "c", "tracking_number": "t", "lines": lines}),
        ),
        (
            "5",
            "shipment.delivered.v1",
            json!({"order_id": order_id, "shipment_id": "s"}),
        ),
    ] {
        let reply = desk.fact(id, kind, &data).await;
        assert_eq!(reply.json()["outcome"], "APPLIED", "{kind}: {reply:?}");
        assert_eq!(reply.text_at("order_id"), order_id);
    }
    let order = desk.get(&format!("/v1/orders/{order_id}")).await.json();
    assert_eq!(
        (&order["state"], &order["fulfillment_status"]),
        (&json!("COMPLETED"), &json!("DELIVERED"))
    );
    assert_eq!(order["shipments"][0]["lines"], lines);
    assert_eq!(
        order["payment"],
        json!({"authorized": 4498, "captured": 4498, "refunded": 0, "voided": 0})
    );
    let again = desk.fact("3", "payment.captured.v1", &money).await;
    assert_eq!(again.json()["outcome"], "DUPLICATE");
    let mut other = money.clone();
    other["amount"] = json!(1);
    let reused = desk.fact("3", "payment.captured.v1", &other).await;
    assert_eq!(
        (reused.status, reused.text_at("code").as_str()),
        (409, "fact_id_reused")
    );
    let back =
        json!({"order_id": order_id, "return_id": "b", "lines": [{"line_no": 1, "quantity": 1}]});
    assert_eq!(
        desk.fact("6", "return.received.v1", &back).await.json()["outcome"],
        "APPLIED"
    );
    let too_much = json!({"order_id": order_id, "payment_id": "p", "reference": "x", "amount": 9999, "currency": "EUR", "reason": "oops"});
    assert_eq!(
        desk.fact("7", "payment.refunded.v1", &too_much)
            .await
            .json()["outcome"],
        "HELD"
    );
    let history = desk
        .get(&format!("/v1/orders/{order_id}/events?page_size=500"))
        .await
        .json();
    let last = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .rfind(|one| one["type"] == "order.payment_changed.v1")
        .unwrap()
        .clone();
    assert_eq!(last["data"]["fact"]["reason"], "oops");
    assert_eq!(last["data"]["cause"], json!({"source": "/test", "id": "7"}));
}

#[tokio::test]
async fn binary_mode_says_the_same() {
    let desk = Desk::new();
    let order_id = desk.placed("k").await;
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("ce-specversion", "1.0"),
        ("ce-type", "payment.captured.v1"),
        ("ce-source", "/psp%20%E2%82%AC"),
        ("ce-id", "1"),
        ("ce-tenant", "any"),
    ];
    let data = json!({"order_id": order_id, "payment_id": "p", "amount": 1, "currency": "EUR"});
    let reply = desk
        .ask("POST", "/v1/facts", &headers, data.to_string())
        .await;
    assert_eq!(reply.json()["outcome"], "APPLIED", "{reply:?}");
    let history = desk
        .get(&format!("/v1/orders/{order_id}/events"))
        .await
        .json();
    assert_eq!(history["events"][1]["data"]["cause"]["source"], "/psp €");
    let mut wrong = headers;
    wrong[2].1 = "payment.capture.v1";
    wrong[3].1 = "%ff";
    let reply = desk
        .ask("POST", "/v1/facts", &wrong, data.to_string())
        .await;
    assert_eq!(
        (reply.status, reply.fields()),
        (400, vec!["ce-source".to_owned(), "ce-type".to_owned()])
    );
    let reply = desk
        .ask(
            "POST",
            "/v1/facts",
            &headers,
            r#"{"payment_id":"p","amount":-1,"curency":"EUR"}"#,
        )
        .await;
    assert_eq!(
        reply.fields(),
        ["curency", "currency", "order_id", "amount"]
    );
}

#[tokio::test]
async fn a_fact_may_come_before_its_order_and_may_be_tried() {
    let desk = Desk::new();
    let data = json!({"external_id": "shop-1", "reservation_id": "r"});
    let path = "/v1/facts?validate_only=true";
    let event = json!({"specversion": "1.0", "type": "stock.reserved.v1", "source": "s", "id": "1", "data": data});
    let headers = [("content-type", "application/cloudevents+json")];
    let preview = desk.ask("POST", path, &headers, event.to_string()).await;
    assert_eq!(preview.json(), json!({"outcome": "PARKED"}));
    let parked = desk
        .ask("POST", "/v1/facts", &headers, event.to_string())
        .await;
    assert_eq!(parked.json(), json!({"outcome": "PARKED"}));
    let mut order = crate::desk::order();
    order["external_id"] = json!("shop-1");
    let order_id = desk.place("k", &order).await.text_at("order_id");
    assert!(desk.get(&format!("/v1/orders/{order_id}")).await.json()["version"].as_u64() > Some(1));
}
