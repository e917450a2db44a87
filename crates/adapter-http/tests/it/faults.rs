//! A store that is away, busy, broken or slow; a handler that panics.

use crate::desk::{Desk, Reply, order, request};
use adapter_http::{Config, HttpEdge, Metrics};
use async_trait::async_trait;
use order_core::app::Orders;
use order_core::ports::{
    EventFeed, FeedError, FeedPosition, FeedToken, PageLimit, RecordedEvent, StoreError,
};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use testkit::fakes::{ManualClock, MemoryStore, SequentialIds, StaticHealth};

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_with_when_to_come_back() {
    let desk = Desk::new();
    for (error, status, code, retry_after) in [
        (
            StoreError::Unavailable {
                detail: "disk at /var/secret is full".into(),
            },
            503,
            "unavailable",
            Some("1"),
        ),
        (
            StoreError::Overloaded {
                queued: 9,
                retry_after_millis: 2_500,
            },
            503,
            "overloaded",
            Some("3"),
        ),
        (
            StoreError::Corrupt {
                detail: "row 7 of /var/secret".into(),
            },
            500,
            "internal",
            None,
        ),
    ] {
        desk.store.set_failing(Some(error));
        let read = desk.get("/v1/orders").await;
        let placed = desk.place("k", &order()).await;
        for reply in [&read, &placed] {
            assert_eq!(
                (reply.status, reply.text_at("code").as_str()),
                (status, code)
            );
            assert_eq!(reply.header("retry-after"), retry_after);
            assert!(
                !String::from_utf8_lossy(&reply.body).contains("secret"),
                "{reply:?}"
            );
        }
        let batch = serde_json::json!({"orders": [{"idempotency_key": "k", "order": order()}]});
        let results = desk.post("/v1/orders:batchPlace", &[], &batch).await.json();
        assert_eq!(results["results"][0]["problem"]["code"], code);
    }
    desk.store.set_failing(None);
    assert_eq!(desk.place("k", &order()).await.status, 201);
}

/// A feed that never answers, or panics.
struct BadFeed {
    panics: bool,
}

#[async_trait]
impl EventFeed for BadFeed {
    async fn read_after(&self, _: &FeedToken, _: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        assert!(!self.panics, "the feed is broken");
        std::future::pending().await
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        std::future::pending().await
    }

    async fn wait_beyond(&self, _: &FeedToken) -> Result<(), FeedError> {
        std::future::pending().await
    }

    async fn read_partition(
        &self,
        _: FeedPosition,
        _: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        std::future::pending().await
    }

    async fn wait_in_partition(&self, _: FeedPosition) -> Result<(), FeedError> {
        std::future::pending().await
    }
}

fn edge_on(feed: BadFeed) -> HttpEdge {
    let store = Arc::new(MemoryStore::new());
    let orders = Orders::new(
        store,
        Arc::new(feed),
        Arc::new(ManualClock::default()),
        Arc::new(SequentialIds::new(1)),
    );
    let config = Config {
        request_timeout: Duration::from_secs(3),
        ..Config::default()
    };
    HttpEdge::new(
        config,
        orders,
        Arc::new(StaticHealth::ready()),
        Metrics::new(&mut Registry::default()),
    )
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_given_up() {
    let edge = edge_on(BadFeed { panics: false });
    let started = tokio::time::Instant::now();
    let reply = Reply::of(
        edge.answer(request("GET", "/v1/changes", &[], ""), None)
            .await,
    )
    .await;
    assert_eq!(
        (reply.status, reply.text_at("code").as_str()),
        (503, "timeout")
    );
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_next_request_is_served() {
    let edge = edge_on(BadFeed { panics: true });
    let reply = Reply::of(
        edge.answer(request("GET", "/v1/changes", &[], ""), None)
            .await,
    )
    .await;
    assert_eq!(
        (reply.status, reply.text_at("code").as_str()),
        (500, "internal")
    );
    assert!(!reply.text_at("detail").contains("broken"));
    let reply = Reply::of(edge.answer(request("GET", "/livez", &[], ""), None).await).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn requests_are_counted_by_call_and_status() {
    let desk = Desk::new();
    desk.place("k", &order()).await;
    desk.place("k", &order()).await;
    desk.get("/nothing").await;
    desk.ask("BREW", "/coffee", &[], "").await;
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &desk.registry).unwrap();
    for line in [
        "http_server_request_duration_seconds_count{method=\"POST\",route=\"/v1/orders\",status=\"201\"} 2",
        "http_server_request_duration_seconds_count{method=\"OTHER\",route=\"unmatched\",status=\"404\"} 2",
        "http_server_active_requests 0",
        "http_server_watch_streams 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
