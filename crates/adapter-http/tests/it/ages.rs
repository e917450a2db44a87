//! Answers that may be old: what callers allow, and what the answers say of their age.

use crate::desk::{Desk, Reply};
use order_core::ports::StoreError;
use serde_json::json;

const CANCEL: &str = r#"{"reason": "late"}"#;

async fn read(desk: &Desk, path: &str, cache_control: &str) -> Reply {
    let headers = [("cache-control", cache_control)];
    desk.ask("GET", path, &headers, "").await
}

fn tag_and_age(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.header("etag"), reply.header("age"))
}

#[tokio::test]
async fn an_answer_is_as_old_as_allowed_and_says_so() {
    let desk = Desk::with_cache();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    assert_eq!(
        tag_and_age(&read(&desk, &path, "max-age=5").await),
        (Some("\"v1\""), Some("0"))
    );
    let cancel = [("content-type", "application/json")];
    let cancelled = desk
        .ask("POST", &format!("{path}:cancel"), &cancel, CANCEL)
        .await;
    let newest = cancelled.header("etag").unwrap().to_owned();
    desk.clock.advance(4_001);
    // The age is never told too low: 4.001 s are 5.
    let old = read(&desk, &path, "max-age=5").await;
    assert_eq!(tag_and_age(&old), (Some("\"v1\""), Some("5")));
    assert_eq!(
        (old.json()["state"].clone(), old.header("warning")),
        (json!("PENDING"), None)
    );
    for (directives, age) in [
        ("max-age=x", None),
        ("no-cache, max-age=5", None),
        ("max-age=0", None),
        ("max-age=4", Some("0")),
    ] {
        let fresh = read(&desk, &path, directives).await;
        assert_eq!(tag_and_age(&fresh), (Some(&*newest), age), "{directives}");
    }
    assert_eq!(desk.get(&path).await.header("age"), None);
}

#[tokio::test]
async fn conditions_are_held_against_the_answer_that_is_given() {
    let desk = Desk::with_cache();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    read(&desk, &path, "max-age=60").await;
    let cancel = [("content-type", "application/json")];
    desk.ask("POST", &format!("{path}:cancel"), &cancel, CANCEL)
        .await;
    desk.clock.advance(1_000);
    let ask = async |header: &'static str| {
        let headers = [("cache-control", "max-age=60"), (header, "\"v1\"")];
        desk.ask("GET", &path, &headers, "").await
    };
    let unchanged = ask("if-none-match").await;
    assert_eq!(
        (unchanged.status, unchanged.header("age")),
        (304, Some("1"))
    );
    // `If-Match` asks whether the version is still the newest one: no old answer can say so.
    assert_eq!(ask("if-match").await.status, 412);
}

#[tokio::test]
async fn an_answer_stands_in_for_a_store_that_is_down_and_is_marked() {
    let desk = Desk::with_cache();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    let fresh = read(&desk, &path, "stale-if-error=60").await;
    assert_eq!(
        (fresh.header("age"), fresh.header("warning")),
        (Some("0"), None)
    );
    desk.clock.advance(30_000);
    desk.store.set_failing(Some(StoreError::Unavailable {
        detail: "gone".into(),
    }));
    for directives in ["stale-if-error=60", "max-age=5, stale-if-error=60"] {
        let stale = read(&desk, &path, directives).await;
        assert_eq!(stale.status, 200);
        assert_eq!(
            tag_and_age(&stale),
            (Some("\"v1\""), Some("30")),
            "{directives}"
        );
        assert_eq!(stale.header("warning"), Some("110 - \"Response is Stale\""));
    }
    for directives in [
        "",
        "max-age=5",
        "stale-if-error=29",
        "no-cache, stale-if-error=60",
    ] {
        let refused = read(&desk, &path, directives).await;
        assert_eq!(
            (refused.status, refused.header("age")),
            (503, None),
            "{directives}"
        );
    }
}

#[tokio::test]
async fn without_a_cache_and_for_lists_every_answer_is_fresh() {
    let desk = Desk::new();
    let path = format!("/v1/orders/{}", desk.placed("k").await);
    assert_eq!(desk.get(&path).await.header("age"), None);
    for path in [path.as_str(), "/v1/orders"] {
        let reply = read(&desk, path, "no-transform, max-age=5").await;
        assert_eq!(reply.header("age"), Some("0"));
    }
}
