//! Cancelling, amending, holding, releasing: conditions, keys, refusals.

use crate::desk::{Desk, order};
use serde_json::json;

const UNKNOWN: &str = "/v1/orders/019329c3-7d35-7a11-8f30-2f6ed4c2a9d1";

#[tokio::test]
async fn an_order_goes_through_every_change() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    let held = desk
        .post(
            &format!("{path}:hold"),
            &[],
            &json!({"kind": "CHECK", "reason": "look"}),
        )
        .await;
    assert_eq!((held.status, held.header("etag")), (200, Some("\"v2\"")));
    assert_eq!(
        held.json()["holds"],
        json!([{"hold_id": "hold-2", "kind": "CHECK", "reason": "look"}])
    );
    let released = desk
        .post(
            &format!("{path}%3Arelease"),
            &[],
            &json!({"hold_id": "hold-2"}),
        )
        .await;
    assert_eq!(released.json()["holds"], json!([]));
    let change = json!({"metadata": {"a": "b"}, "confirm_before": "2999-01-01T00:00:00+01:00",
        "shipping_address": {"name": "n", "lines": ["l"], "city": "c", "country": "DE", "region": "r"}});
    let headers = [("content-type", "application/merge-patch+json")];
    let amended = desk
        .ask(
            "POST",
            &format!("{path}:amend"),
            &headers,
            change.to_string(),
        )
        .await;
    assert_eq!(amended.json()["confirm_before"], "2998-12-31T23:00:00.000Z");
    let change = json!({"metadata": {"a": null}, "confirm_before": null, "shipping_address": {"city": "d", "region": null}});
    let amended = desk
        .post(&format!("{path}:amend"), &[], &change)
        .await
        .json();
    assert_eq!(
        amended["shipping_address"],
        json!({"name": "n", "lines": ["l"], "city": "d", "country": "DE"})
    );
    assert_eq!(
        (&amended["metadata"], amended.get("confirm_before")),
        (&json!({}), None)
    );
    let lines = json!({"reason": "one less", "lines": [{"line_no": 1, "quantity": 1}]});
    assert_eq!(
        desk.post(&format!("{path}:cancel"), &[], &lines)
            .await
            .json()["lines"][0]["cancelled"],
        1
    );
    let cancelled = desk
        .post(
            &format!("{path}:cancel"),
            &[],
            &json!({"reason": "all of it"}),
        )
        .await;
    assert_eq!(cancelled.json()["state"], "CANCELLED");
    let refused = desk
        .post(&format!("{path}:cancel"), &[], &json!({"reason": "again"}))
        .await;
    assert_eq!(
        (refused.status, refused.text_at("code").as_str()),
        (409, "action_not_allowed")
    );
    assert!(refused.text_at("detail").contains("the order is cancelled"));
}

#[tokio::test]
async fn if_match_applies_a_change_to_that_version_alone() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}:hold", desk.placed("k").await);
    let body = json!({"kind": "CHECK", "reason": "r"});
    for (tags, status) in [
        ("\"v2\"", 412),
        ("W/\"v1\"", 412),
        ("\"other\"", 412),
        ("\"v01\"", 412),
        ("v1", 400),
        ("\"v1", 400),
        ("", 400),
        ("\"v9\", \"v1\"", 200),
        ("*", 200),
    ] {
        let head = desk.head().await;
        let reply = desk.post(&path, &[("if-match", tags)], &body).await;
        assert_eq!(reply.status, status, "{tags}");
        if status == 412 {
            assert_eq!(reply.text_at("code"), "version_mismatch");
            let advised = reply.text_at("detail").contains("a weak tag");
            assert_eq!(advised, tags.starts_with("W/"), "{tags}");
        }
        if status == 400 {
            assert_eq!(reply.fields(), ["If-Match"]);
        }
        assert_eq!(desk.head().await == head, status != 200, "{tags}");
    }
    let several = desk
        .post(
            &path,
            &[("if-match", "\"v1\""), ("if-match", "\"v3\"")],
            &body,
        )
        .await;
    assert_eq!(several.status, 200);
}

#[tokio::test]
async fn a_key_makes_a_change_count_once() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}:hold", desk.placed("k").await);
    let key = [("idempotency-key", "hold-key")];
    let body = json!({"kind": "CHECK", "reason": "r"});
    let first = desk.post(&path, &key, &body).await;
    let again = desk.post(&path, &key, &body).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = desk
        .post(&path, &key, &json!({"kind": "CHECK", "reason": "another"}))
        .await;
    assert_eq!(
        (other.status, other.text_at("code").as_str()),
        (422, "idempotency_key_reused")
    );
}

#[tokio::test]
async fn a_preview_of_a_change_changes_nothing() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    let head = desk.head().await;
    let preview = desk
        .post(
            &format!("{path}:cancel?validate_only=true"),
            &[],
            &json!({"reason": "r"}),
        )
        .await;
    assert_eq!(preview.json()["state"], "CANCELLED");
    assert_eq!(preview.header("etag"), None);
    assert_eq!(desk.head().await, head);
    assert_eq!(desk.get(&path).await.json()["state"], "PENDING");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let desk = Desk::new();
    desk.placed("k").await;
    assert_eq!(desk.get(UNKNOWN).await.text_at("code"), "not_found");
    assert_eq!(desk.get(&format!("{UNKNOWN}/events")).await.status, 404);
    let cancel = desk
        .post(&format!("{UNKNOWN}:cancel"), &[], &json!({"reason": "r"}))
        .await;
    assert_eq!(cancel.status, 404);
    let path = format!("/v1/orders/{}:release", desk.placed("l").await);
    assert_eq!(
        desk.post(&path, &[], &json!({"hold_id": "hold-9"}))
            .await
            .status,
        404
    );
    for path in [
        "/",
        "/v1",
        "/v1/orders/",
        "/v1/nothing",
        "/v1/orders:nothing",
    ] {
        let reply = desk.get(path).await;
        assert_eq!(
            (reply.status, reply.text_at("code").as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    assert_eq!(
        desk.post(&format!("{UNKNOWN}:nothing"), &[], &order())
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn other_methods_are_refused_by_name() {
    let desk = Desk::new();
    for (method, path, allow) in [
        ("DELETE", "/v1/orders", "GET, HEAD, POST, OPTIONS"),
        ("PUT", UNKNOWN, "GET, HEAD, OPTIONS"),
        ("GET", &format!("{UNKNOWN}:cancel"), "POST, OPTIONS"),
        ("POST", "/v1/orders:watch", "GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/facts", "POST, OPTIONS"),
        ("POST", "/livez", "GET, HEAD, OPTIONS"),
        ("BREW", "/v1/changes", "GET, HEAD, OPTIONS"),
    ] {
        let reply = desk.ask(method, path, &[], "").await;
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
        assert_eq!(reply.text_at("code"), "method_not_allowed");
        let options = desk.ask("OPTIONS", path, &[], "").await;
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some(allow)),
            "{path}"
        );
        assert!(options.body.is_empty());
    }
    assert_eq!(desk.ask("OPTIONS", "/nothing", &[], "").await.status, 404);
}
