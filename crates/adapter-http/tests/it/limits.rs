//! Callers that call too often.

use crate::contract;
use crate::desk::{Desk, Reply, order, request};
use order_core::ports::{Caller, Rate};
use std::net::IpAddr;

const RATE: Rate = Rate {
    tokens: 2,
    period_millis: 1_000,
    burst: 3,
};

async fn ask_from(desk: &Desk, peer: &str, path: &str) -> Reply {
    let peer: IpAddr = peer.parse().unwrap();
    let asked = request("GET", path, &[], "");
    let visitor = desk.edge.visitor(Caller::Anonymous, peer, None);
    let reply = Reply::of(desk.edge.answer_to(&visitor, asked).await).await;
    contract::check("GET", path, &reply);
    reply
}

fn told(reply: &Reply) -> (u16, Option<&str>) {
    assert_eq!(
        reply.header("ratelimit-policy"),
        Some("\"default\";q=3;w=2")
    );
    (reply.status, reply.header("ratelimit"))
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back() {
    let desk = Desk::limited(RATE);
    for left in [
        "\"default\";r=2;t=1",
        "\"default\";r=1;t=1",
        "\"default\";r=0;t=2",
    ] {
        assert_eq!(
            told(&ask_from(&desk, "10.20.0.7", "/v1/orders").await),
            (200, Some(left))
        );
    }
    let refused = ask_from(&desk, "10.20.0.7", "/v1/orders").await;
    assert_eq!(told(&refused), (429, Some("\"default\";r=0;t=1")));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.text_at("code"), "rate_limited");
    // Another address has a quota of its own, and time brings this one's back.
    assert_eq!(ask_from(&desk, "10.20.0.8", "/v1/orders").await.status, 200);
    desk.clock.advance(499);
    assert_eq!(
        ask_from(&desk, "10.20.0.7", "/v1/changes").await.status,
        429
    );
    desk.clock.advance(1);
    assert_eq!(
        ask_from(&desk, "10.20.0.7", "/v1/changes").await.status,
        200
    );
}

#[tokio::test]
async fn a_refused_call_changes_nothing_and_probes_are_never_refused() {
    let desk = Desk::limited(RATE);
    for _ in 0..3 {
        assert_eq!(desk.get("/v1/orders").await.status, 200);
    }
    let head = desk.head().await;
    assert_eq!(desk.place("k", &order()).await.status, 429);
    assert_eq!(desk.head().await, head);
    for _ in 0..10 {
        for path in ["/livez", "/readyz", "/health"] {
            let probe = desk.get(path).await;
            assert_eq!(
                (probe.status, probe.header("ratelimit")),
                (200, None),
                "{path}"
            );
        }
    }
    assert_eq!(desk.get("/openapi.json").await.status, 429);
}

#[tokio::test]
async fn without_a_rate_nothing_is_said_of_one() {
    let desk = Desk::new();
    for _ in 0..100 {
        let reply = ask_from(&desk, "10.20.0.7", "/v1/orders").await;
        assert_eq!((reply.status, reply.header("ratelimit")), (200, None));
    }
}
