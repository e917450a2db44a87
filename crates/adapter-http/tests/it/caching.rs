//! Reading: entity tags, HEAD, lists and their pages, request ids.

use crate::desk::{Desk, order, order_with};
use serde_json::json;

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    for (header, tags, status) in [
        ("if-none-match", "\"v1\"", 304),
        ("if-none-match", "W/\"v1\"", 304),
        ("if-none-match", "\"v9\", \"v1\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"v2\"", 200),
        ("if-none-match", "v1", 400),
        ("if-match", "\"v1\"", 200),
        ("if-match", "W/\"v1\"", 412),
        ("if-match", "\"v2\"", 412),
    ] {
        let reply = desk.ask("GET", &path, &[(header, tags)], "").await;
        assert_eq!(reply.status, status, "{header}: {tags}");
        if status == 304 {
            assert_eq!(
                (reply.header("etag"), reply.body.len()),
                (Some("\"v1\""), 0)
            );
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    let get = desk.get(&path).await;
    let head = desk.ask("HEAD", &path, &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        head.header("content-length"),
        Some(get.body.len().to_string().as_str())
    );
    assert_eq!(head.header("etag"), get.header("etag"));
}

#[tokio::test]
async fn pages_follow_one_another_by_token_and_by_link() {
    let desk = Desk::new();
    for n in 0..5 {
        desk.place(
            &format!("k{n}"),
            &order_with("metadata", json!({"n": n.to_string()})),
        )
        .await;
    }
    desk.place("other", &order_with("customer_id", json!("a & b")))
        .await;
    let mut path = "/v1/orders?customer_id=customer-1&page_size=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = desk.get(&path).await;
        let json = page.json();
        seen.extend(
            json["orders"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["metadata"]["n"].as_str().unwrap().to_owned()),
        );
        let Some(link) = page.header("link") else {
            assert_eq!(json.get("next_page_token"), None);
            break;
        };
        let next = link
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix(">; rel=\"next\""))
            .unwrap();
        assert!(next.ends_with(json["next_page_token"].as_str().unwrap()));
        // An order that is placed meanwhile does not shift the pages.
        desk.place(
            &format!("meanwhile {}", seen.len()).replace(' ', "-"),
            &order(),
        )
        .await;
        path = next.to_owned();
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
    let filtered = desk.get("/v1/orders?customer_id=a+%26%20b&state=PENDING&payment_status=NONE&fulfillment_status=UNFULFILLED&placed_after=2000-01-01T00:00:00Z").await;
    assert_eq!(filtered.json()["orders"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_keeps_its_name() {
    let desk = Desk::new();
    let reply = desk
        .ask("GET", "/nothing", &[("x-request-id", "caller-7")], "")
        .await;
    assert_eq!(
        (
            reply.header("x-request-id"),
            reply.text_at("request_id").as_str()
        ),
        (Some("caller-7"), "caller-7")
    );
    for unfit in ["", "with space", "é", &"x".repeat(129)] {
        let reply = desk
            .ask("GET", "/nothing", &[("x-request-id", unfit)], "")
            .await;
        assert_ne!(reply.header("x-request-id"), Some(unfit));
        assert!(reply.header("x-request-id").unwrap().len() > 16);
    }
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("traceparent", trace), ("idempotency-key", "k")];
    let order_id = desk
        .post("/v1/orders", &headers, &order())
        .await
        .text_at("order_id");
    let history = desk
        .get(&format!("/v1/orders/{order_id}/events"))
        .await
        .json();
    assert_eq!(history["events"][0]["traceparent"], trace);
    assert_eq!(history["events"][0]["data"]["cause"], json!({"id": "k"}));
}
