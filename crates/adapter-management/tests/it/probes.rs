//! `/livez`, `/readyz`, `/health`.

use crate::server::Server;
use serde_json::json;

#[tokio::test]
async fn readiness_follows_the_required_components_and_comes_back() {
    let server = Server::start();
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ok\n"));
    assert_eq!(ready.header("cache-control"), Some("no-store"));

    server.health.set("redis", false, "connection refused");
    assert_eq!(server.get("/readyz").await.status, 200);

    server.health.set("store", false, "disk full");
    let refused = server.get("/readyz").await;
    assert_eq!(refused.status, 503);
    assert!(
        refused.body.contains("[-]store failed: disk full"),
        "{}",
        refused.body
    );
    assert_eq!(server.get("/health").await.status, 503);

    server.health.set("store", true, "data/orders.db");
    assert_eq!(server.get("/readyz").await.status, 200);
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test]
async fn liveness_depends_on_nothing() {
    let server = Server::start();
    server.health.set("store", false, "disk full");
    server.health.set("redis", false, "connection refused");
    let alive = server.get("/livez").await;
    assert_eq!((alive.status, alive.body.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn verbose_names_each_component() {
    let server = Server::start();
    server.health.set("redis", false, "connection refused");
    let expected = "[+]store ok: data/orders.db\n\
                    [-]redis failed (not required): connection refused\n\
                    ready\n";
    for query in ["verbose", "verbose=true", "a=b&verbose"] {
        let verbose = server.get(&format!("/readyz?{query}")).await;
        assert_eq!((verbose.status, verbose.body.as_str()), (200, expected));
        assert_eq!(
            verbose.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    assert_eq!(server.get("/readyz?verbosely").await.body, "ok\n");
}

#[tokio::test]
async fn health_is_the_same_as_json() {
    let server = Server::start();
    server.health.set("redis", false, "connection refused");
    let health = server.get("/health").await;
    assert_eq!(health.header("content-type"), Some("application/json"));
    assert_eq!(
        health.json(),
        json!({
            "status": "ready",
            "version": "1.2.3",
            "pod": "order-service-a",
            "components": [
                {"name": "store", "ok": true, "required": true, "detail": "data/orders.db"},
                {"name": "redis", "ok": false, "required": false, "detail": "connection refused"},
            ]
        })
    );
}
