//! Dead letters and parked facts: what is shown, what is done about them, what is counted.

use crate::server::{Answer, Server};
use order_core::domain::{OrderRef, Timestamp};
use order_core::ports::{DeadMessage, OrderStore, Repair, StoreError};
use serde_json::{Value, json};
use testkit::fakes::StaticCallers;
use testkit::{Desk, fact, new_order};

async fn ask(server: &Server, method: &str, path: &str) -> Answer {
    let token = format!("authorization: Bearer {}\r\n", StaticCallers::ADMIN_TOKEN);
    server.send(method, path, &token).await
}

async fn read(server: &Server, path: &str) -> Value {
    let answer = ask(server, "GET", path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

fn message(offset: i64, value: &[u8]) -> DeadMessage {
    DeadMessage {
        topic: "payments.events.v1".to_owned(),
        partition: 3,
        offset,
        key: Some(b"shop-1".to_vec()),
        headers: vec![
            ("ce_id".to_owned(), Some(b"m-1".to_vec())),
            ("own".to_owned(), Some(vec![0xFF, 0])),
            ("none".to_owned(), None),
        ],
        value: Some(value.to_vec()),
        omitted_bytes: 0,
        reason: "data.order_id is required".to_owned(),
    }
}

fn external(number: &str) -> OrderRef {
    OrderRef::External(number.to_owned())
}

#[tokio::test]
async fn a_message_is_shown_with_text_as_text_and_cut_in_the_list_alone() {
    let server = Server::start();
    let long = "grün ".repeat(2_000);
    server
        .store
        .keep(message(41, long.as_bytes()))
        .await
        .unwrap();
    let list = read(&server, "/api/dead-letters").await;
    let letter = &list["dead_letters"][0];
    assert_eq!(list["dead_letters"].as_array().unwrap().len(), 1);
    assert!(list.get("next_page_token").is_none());
    assert_eq!(
        (&letter["id"], &letter["kind"]),
        (&json!("m1"), &json!("message"))
    );
    assert_eq!(letter["reason"], "data.order_id is required");
    assert!(letter["at"].as_str().unwrap().ends_with('Z'));
    let shown = letter["message"]["value"]["text"].as_str().unwrap();
    assert!(long.starts_with(shown) && (4_090..=4_096).contains(&shown.len()));
    let mut expected = json!({
        "topic": "payments.events.v1", "partition": 3, "offset": 41,
        "key": { "text": "shop-1" },
        "headers": [
            { "name": "ce_id", "value": { "text": "m-1" } },
            { "name": "own", "value": { "base64": "/wA=" } },
            { "name": "none", "value": null },
        ],
        "value": { "text": shown }, "value_bytes": long.len(), "value_cut": true,
        "omitted_bytes": 0,
    });
    assert_eq!(letter["message"], expected);
    let whole = read(&server, "/api/dead-letters/m1").await;
    expected["value"] = json!({ "text": long });
    expected["value_cut"] = false.into();
    assert_eq!(whole["message"], expected);
}

#[tokio::test]
async fn facts_are_shown_with_what_they_say() {
    let server = Server::start();
    let desk = Desk::new();
    let order = desk.order(new_order());
    let by_id = desk.park(
        OrderRef::Id(order.order_id),
        fact::captured(&order, "pay-1", 500),
    );
    server.store.commit(by_id).await.unwrap();
    server.store.bury_parked(Timestamp::MAX, 10).await.unwrap();
    let early = desk.park(external("shop-7"), fact::reserved("res-1"));
    server.store.commit(early).await.unwrap();

    let letters = read(&server, "/api/dead-letters").await;
    let letter = &letters["dead_letters"][0];
    assert_eq!(
        (&letter["id"], &letter["kind"]),
        (&json!("f1"), &json!("fact"))
    );
    let kept = &letter["fact"];
    assert_eq!(kept["order_id"], order.order_id.to_string());
    assert_eq!(kept["source"], "/payments");
    assert_eq!(kept["caller"], "spiffe://example/payments");
    assert_eq!(
        kept["data"],
        json!({ "type": "payment.captured.v1", "payment_id": "pay-1", "amount": 500, "currency": "EUR" })
    );
    assert_eq!(read(&server, "/api/dead-letters/f1").await, *letter);

    let parked = read(&server, "/api/parked").await;
    let waiting = &parked["parked"][0];
    assert_eq!(waiting["order_known"], false);
    assert_eq!(waiting["fact"]["external_id"], "shop-7");
    assert_eq!(
        waiting["fact"]["data"],
        json!({ "type": "stock.reserved.v1", "reservation_id": "res-1" })
    );
    assert!(waiting.get("reason").is_none());
    let id = waiting["id"].as_str().unwrap();
    assert_eq!(read(&server, &format!("/api/parked/{id}")).await, *waiting);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let server = Server::start();
    for n in 0..5 {
        server.store.keep(message(n, b"x")).await.unwrap();
    }
    let mut offsets = Vec::new();
    let mut path = "/api/dead-letters?page_size=2".to_owned();
    loop {
        let page = read(&server, &path).await;
        let letters = page["dead_letters"].as_array().unwrap();
        offsets.extend(
            letters
                .iter()
                .map(|l| l["message"]["offset"].as_i64().unwrap()),
        );
        let Some(token) = page.get("next_page_token") else {
            break;
        };
        assert_eq!(letters.len(), 2);
        let token = token.as_str().unwrap();
        path = format!("/api/dead-letters?page_size=2&page_token={token}");
    }
    assert_eq!(offsets, [4, 3, 2, 1, 0]);
    for (query, fields) in [
        ("page_size=-1", vec!["page_size"]),
        (
            "page_size=x&page_token=1.m1&other=1",
            vec!["other", "page_size"],
        ),
        ("page_token=nonsense", vec!["page_token"]),
        // Of the other list.
        ("page_token=1.p1", vec!["page_token"]),
    ] {
        let wrong = ask(&server, "GET", &format!("/api/dead-letters?{query}")).await;
        assert_eq!(wrong.status, 400, "{query}");
        let problem = wrong.json();
        assert_eq!(problem["code"], "invalid_argument");
        let violations = problem["violations"].as_array().unwrap();
        let found: Vec<&str> = violations
            .iter()
            .map(|v| v["field"].as_str().unwrap())
            .collect();
        assert_eq!(found, fields, "{query}");
    }
}

#[tokio::test]
async fn a_redrive_says_what_came_of_it() {
    let server = Server::start();
    for (offset, value) in [(1, &b"fine"[..]), (2, b"broken"), (3, b"later")] {
        server.store.keep(message(offset, value)).await.unwrap();
    }
    let lost = DeadMessage {
        value: None,
        omitted_bytes: 5,
        ..message(4, b"")
    };
    server.store.keep(lost).await.unwrap();
    let done = ask(&server, "POST", "/api/dead-letters/m1:redrive").await;
    assert_eq!(
        (done.status, done.json()),
        (200, json!({ "id": "m1", "outcome": "PARKED" }))
    );
    for (id, status, code, words) in [
        ("m1", 404, "not_found", "m1"),
        ("m2", 409, "still_wrong", "data.order_id is required"),
        ("m3", 503, "not_now", "the store is away"),
        ("m4", 409, "incomplete", "offset 4"),
        ("m99", 404, "not_found", "m99"),
        ("p1", 404, "not_found", "p1"),
        ("nonsense", 404, "not_found", "nonsense"),
    ] {
        let answer = ask(&server, "POST", &format!("/api/dead-letters/{id}:redrive")).await;
        assert_eq!(answer.status, status, "{id}");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{id}");
        assert!(
            problem["detail"].as_str().unwrap().contains(words),
            "{problem}"
        );
        assert_eq!(answer.header("retry-after").is_some(), status == 503);
    }
    let left = read(&server, "/api/dead-letters").await;
    let left = left["dead_letters"].as_array().unwrap();
    let ids: Vec<&str> = left
        .iter()
        .map(|letter| letter["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["m4", "m3", "m2"]);
    let metrics = server.get("/metrics").await.body;
    for line in [
        "orders_repairs_total{kind=\"message\",action=\"redrive\",outcome=\"done\"} 1",
        "orders_repairs_total{kind=\"message\",action=\"redrive\",outcome=\"still_wrong\"} 2",
        "orders_repairs_total{kind=\"message\",action=\"redrive\",outcome=\"failed\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn a_parked_fact_is_redriven_once_its_order_is_there() {
    let server = Server::start();
    let desk = Desk::new();
    let order = desk.order(new_order().external("shop-7"));
    let early = desk.park(external("shop-7"), fact::reserved("res-1"));
    server.store.commit(early).await.unwrap();
    let vain = ask(&server, "POST", "/api/parked/p1:redrive").await;
    assert_eq!(
        (vain.status, &vain.json()["code"]),
        (409, &json!("still_wrong"))
    );
    let waiting = read(&server, "/api/parked/p1").await;
    assert_eq!(waiting["reason"], "no order has the external_id shop-7");
    server
        .store
        .commit(desk.place_order(order.clone()))
        .await
        .unwrap();
    let done = ask(&server, "POST", "/api/parked/p1:redrive").await;
    let expected = json!({ "id": "p1", "outcome": "APPLIED", "order_id": order.order_id.to_string(),
        "version": 2 });
    assert_eq!((done.status, done.json()), (200, expected));
    assert_eq!(
        ask(&server, "POST", "/api/parked/p1:redrive").await.status,
        404
    );
}

#[tokio::test]
async fn a_drop_is_for_good_and_counted() {
    let server = Server::start();
    server.store.keep(message(1, b"x")).await.unwrap();
    let early = Desk::new().park(external("shop-7"), fact::reserved("res-1"));
    server.store.commit(early).await.unwrap();
    for (path, id) in [("/api/dead-letters/m1", "m1"), ("/api/parked/p1", "p1")] {
        let dropped = ask(&server, "POST", &format!("{path}:drop")).await;
        assert_eq!(dropped.json(), json!({ "id": id, "outcome": "DROPPED" }));
        assert_eq!(
            ask(&server, "POST", &format!("{path}:drop")).await.status,
            404
        );
        assert_eq!(ask(&server, "GET", path).await.status, 404);
        assert_eq!(
            ask(&server, "POST", &format!("{path}:explode"))
                .await
                .status,
            404
        );
    }
    let metrics = server.get("/metrics").await.body;
    for kind in ["message", "parked"] {
        let line =
            format!("orders_repairs_total{{kind=\"{kind}\",action=\"drop\",outcome=\"done\"}} 1");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_told() {
    let server = Server::start();
    server.store.set_failing(Some(StoreError::Unavailable {
        detail: "PostgreSQL is unreachable".to_owned(),
    }));
    for (method, path) in [
        ("GET", "/api/dead-letters"),
        ("GET", "/api/parked"),
        ("POST", "/api/dead-letters/m1:redrive"),
        ("POST", "/api/parked/p1:drop"),
    ] {
        let answer = ask(&server, method, path).await;
        assert_eq!(answer.status, 503, "{method} {path}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.json()["code"], "unavailable");
    }
}
