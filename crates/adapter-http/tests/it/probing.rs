//! Probes, on the main listener and alone.

use crate::desk::{Desk, Reply, request};
use adapter_http::{Config, HttpEdge, Metrics};
use order_core::ports::{Component, HealthReport};
use prometheus_client::registry::Registry;

fn component(name: &str, ok: bool, required: bool) -> Component {
    Component {
        name: name.into(),
        ok,
        required,
        detail: String::new(),
    }
}

#[tokio::test]
async fn readiness_follows_what_is_required() {
    let desk = Desk::new();
    assert_eq!(desk.get("/readyz").await.status, 200);
    desk.health.set(HealthReport::of(vec![
        component("store", true, true),
        component("redis", false, false),
    ]));
    assert_eq!(desk.get("/readyz").await.status, 200);
    let verbose = desk.get("/readyz?verbose").await;
    assert_eq!(
        verbose.body,
        "[+]store ok\n[-]redis failed (not required)\nready\n"
    );
    desk.health
        .set(HealthReport::of(vec![component("store", false, true)]));
    assert_eq!(desk.get("/readyz").await.status, 503);
    let health = desk.get("/health").await;
    assert_eq!(
        (health.status, health.text_at("status").as_str()),
        (503, "not_ready")
    );
    assert_eq!(health.json()["components"][0]["name"], "store");
    assert_eq!(desk.get("/livez").await.status, 200);
    assert_eq!(
        desk.ask("GET", "/readyz", &[("accept", "image/png")], "")
            .await
            .status,
        503
    );
}

#[tokio::test]
async fn a_listener_for_probes_has_probes_alone() {
    let desk = Desk::new();
    let metrics = Metrics::new(&mut Registry::default());
    let edge = HttpEdge::probes(Config::default(), desk.health.clone(), metrics);
    for (path, status) in [
        ("/livez", 200),
        ("/readyz", 200),
        ("/health", 200),
        ("/v1/orders", 404),
        ("/docs", 404),
        ("/openapi.json", 404),
        ("/v1/changes", 404),
        ("/", 404),
    ] {
        let reply = Reply::of(edge.answer(request("GET", path, &[], ""), None).await).await;
        assert_eq!(reply.status, status, "{path}");
    }
}
