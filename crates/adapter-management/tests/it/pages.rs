//! `/`, `/api/status`, and what is not there.

use crate::server::Server;

#[tokio::test]
async fn the_page_shows_every_component_and_needs_nothing_from_elsewhere() {
    let server = Server::start();
    server
        .health
        .set("redis", false, "<script>alert(1)</script>");
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    for shown in [
        "order-service",
        "1.2.3",
        "<td>store</td>",
        "data/orders.db",
        "<td>redis</td>",
        "href=\"/metrics\"",
        "href=\"/readyz?verbose\"",
        "href=\"/api/status\"",
        "&lt;script&gt;",
    ] {
        assert!(page.body.contains(shown), "{shown} is not in {}", page.body);
    }
    for foreign in ["<script", "http://", "https://", "//cdn"] {
        assert!(!page.body.contains(foreign), "{foreign} in {}", page.body);
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}

#[tokio::test]
async fn status_as_json_is_200_also_when_not_ready() {
    let server = Server::start();
    server.health.set("store", false, "disk full");
    let answer = server.get("/api/status").await;
    assert_eq!(answer.status, 200);
    let status = answer.json();
    assert_eq!(status["name"], "order-service");
    assert_eq!(status["version"], "1.2.3");
    assert_eq!(status["ready"], false);
    assert!(
        status["uptime_seconds"].as_u64().unwrap() < 3600,
        "{status}"
    );
    assert_eq!(status["components"][0]["name"], "store");
    assert_eq!(status["components"][0]["ok"], false);
    assert_eq!(status["components"][0]["detail"], "disk full");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let server = Server::start();
    for path in ["/nothing", "/v1/orders", "/metrics/", "/api"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        let problem = answer.json();
        assert_eq!(problem["status"], 404);
        assert_eq!(problem["code"], "not_found");
        assert_eq!(problem["title"], "Not Found");
        assert!(problem["detail"].as_str().unwrap().contains(path));
    }
}

#[tokio::test]
async fn another_method_is_refused_with_the_allowed_ones() {
    let server = Server::start();
    for path in [
        "/",
        "/metrics",
        "/livez",
        "/readyz",
        "/health",
        "/api/status",
    ] {
        let answer = server.send("DELETE", path, "").await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["code"], "method_not_allowed");

        let options = server.send("OPTIONS", path, "").await;
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some("GET,HEAD"))
        );

        let head = server.send("HEAD", path, "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }
}

#[tokio::test]
async fn a_body_is_refused() {
    let server = Server::start();
    for body in [
        "content-length: 2\r\n\r\n{}",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ] {
        let answer = server.send("GET", "/livez", body).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.json()["code"], "payload_too_large");
    }
    assert_eq!(
        server
            .send("GET", "/livez", "content-length: 0\r\n")
            .await
            .status,
        200
    );
}
