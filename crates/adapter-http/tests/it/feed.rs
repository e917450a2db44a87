//! History, changes and watching.

use crate::desk::{Desk, order, order_with, request};
use adapter_http::Config;
use axum::body::Body;
use http_body_util::BodyExt;
use order_core::ports::FeedPosition;
use serde_json::{Value, json};
use std::time::Duration;

/// A watcher's stream, read block by block.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(desk: &Desk, path: &str, headers: &[(&str, &str)]) -> Stream {
        let response = desk
            .edge
            .answer(request("GET", path, headers, ""), None)
            .await;
        assert_eq!(response.status(), 200, "{response:?}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next block: its lines.
    async fn block(&mut self) -> Vec<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                return block.trim_end().lines().map(str::to_owned).collect();
            }
            let frame = self
                .body
                .frame()
                .await
                .expect("the stream goes on")
                .unwrap();
            self.text
                .push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// The next event: its id, its type, its JSON.
    async fn event(&mut self) -> (String, String, Value) {
        loop {
            let block = self.block().await;
            let field = |name: &str| {
                block
                    .iter()
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::to_owned)
            };
            if let Some(data) = field("data: ") {
                return (
                    field("id: ").unwrap(),
                    field("event: ").unwrap(),
                    serde_json::from_str(&data).unwrap(),
                );
            }
        }
    }
}

#[tokio::test]
async fn history_is_told_oldest_first_in_pages() {
    let desk = Desk::new();
    let order_id = desk.placed("k").await;
    for _ in 0..2 {
        desk.post(
            &format!("/v1/orders/{order_id}:hold"),
            &[],
            &json!({"kind": "A", "reason": "r"}),
        )
        .await;
    }
    let first = desk
        .get(&format!("/v1/orders/{order_id}/events?page_size=2"))
        .await;
    let events = first.json()["events"].clone();
    assert_eq!(
        (&events[0]["id"], &events[1]["orderversion"]),
        (&json!(format!("{order_id}/1")), &json!(2))
    );
    assert_eq!(
        (&events[0]["type"], &events[0]["subject"]),
        (&json!("order.placed.v1"), &json!(order_id))
    );
    assert_eq!(events[1]["data"]["hold"]["kind"], "A");
    assert_eq!(events[1]["data"]["order"]["version"], 2);
    let link = first.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    assert_eq!(
        desk.get(next).await.json()["events"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn changes_are_gapless_from_the_beginning() {
    let desk = Desk::new();
    for n in 0..7 {
        desk.placed(&format!("k{n}")).await;
    }
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let path = if after.is_empty() {
            "/v1/changes?limit=3".to_owned()
        } else {
            format!("/v1/changes?limit=3&after={after}")
        };
        let page = desk.get(&path).await.json();
        let events = page["events"].as_array().unwrap();
        seen.extend(
            events
                .iter()
                .map(|one| one["position"].as_str().unwrap().to_owned()),
        );
        after = page["next_after"].as_str().unwrap().to_owned();
        if events.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "7"]);
    desk.store.forget_before(FeedPosition {
        partition: 0,
        offset: 4,
    });
    let gone = desk.get("/v1/changes?after=1").await;
    assert_eq!(
        (gone.status, gone.text_at("code").as_str()),
        (410, "position_gone")
    );
    assert_eq!(desk.get("/v1/orders:watch?after=1").await.status, 410);
    let ahead = desk.get("/v1/changes?after=99").await;
    assert_eq!(
        (ahead.status, ahead.fields()),
        (400, vec!["after".to_owned()])
    );
}

#[tokio::test]
async fn a_watcher_sees_what_comes_and_resumes_where_it_stopped() {
    let desk = Desk::new();
    desk.placed("before").await;
    let mut stream = Stream::open(&desk, "/v1/orders:watch", &[]).await;
    let start = stream.block().await;
    assert!(start.contains(&"id: 1".to_owned()), "{start:?}");
    let order_id = desk.placed("k").await;
    let (id, kind, event) = stream.event().await;
    assert_eq!((id.as_str(), kind.as_str()), ("2", "order.placed.v1"));
    assert_eq!(
        (&event["subject"], &event["position"]),
        (&json!(order_id), &json!("2"))
    );
    drop(stream);
    desk.placed("missed").await;
    // A browser repeats the address as it was, so the header wins.
    let mut stream =
        Stream::open(&desk, "/v1/orders:watch?after=0", &[("last-event-id", "2")]).await;
    assert_eq!(stream.event().await.0, "3");
    let mut all = Stream::open(&desk, "/v1/orders:watch?after=0", &[("last-event-id", "")]).await;
    for id in ["1", "2", "3"] {
        assert_eq!(all.event().await.0, id);
    }
}

#[tokio::test(start_paused = true)]
async fn filters_keep_events_out_and_signs_of_life_move_on() {
    let desk = Desk::new();
    let mut stream = Stream::open(
        &desk,
        "/v1/orders:watch?after=0&customer_id=wanted&state=PENDING",
        &[],
    )
    .await;
    stream.block().await;
    desk.placed("other").await;
    desk.place("mine", &order_with("customer_id", json!("wanted")))
        .await;
    assert_eq!(stream.event().await.0, "2");
    desk.placed("another").await;
    // The clock of the test stands until everything waits: then the sign of life is due.
    assert_eq!(stream.block().await, [": keep-alive", "id: 3"]);
}

#[tokio::test]
async fn watchers_are_bounded_and_leave_room_when_they_go() {
    let desk = Desk::with(Config {
        max_watch_streams: 1,
        ..Config::default()
    });
    let stream = Stream::open(&desk, "/v1/orders:watch", &[]).await;
    let refused = desk.get("/v1/orders:watch").await;
    assert_eq!(
        (refused.status, refused.text_at("code").as_str()),
        (503, "overloaded")
    );
    drop(stream);
    Stream::open(&desk, "/v1/orders:watch", &[]).await;
}

/// A reader that does not read makes nothing be read for it: what is written meanwhile waits in the
/// store, and is found in order.
#[tokio::test]
async fn a_slow_reader_misses_nothing() {
    let desk = Desk::new();
    let mut stream = Stream::open(&desk, "/v1/orders:watch", &[]).await;
    for n in 0..200 {
        desk.place(&format!("k{n}"), &order()).await;
    }
    for n in 1..=200 {
        assert_eq!(stream.event().await.0, n.to_string());
    }
    let waiting = tokio::time::timeout(Duration::from_millis(20), stream.block()).await;
    assert!(waiting.is_err(), "nothing more is there");
}
