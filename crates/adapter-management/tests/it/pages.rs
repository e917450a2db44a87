//! `/`, `/api/status`, and what is not there.

use crate::server::Server;

#[tokio::test]
async fn the_page_and_its_files_come_with_a_policy_and_are_sent_once() {
    let server = Server::start();
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    let types = [
        ("html", "text/html"),
        ("css", "text/css"),
        ("js", "text/javascript"),
        ("svg", "image/svg+xml"),
    ];
    let files = page
        .body
        .split('"')
        .filter(|word| word.starts_with("/page/"));
    let files: std::collections::BTreeSet<&str> = files.chain(["/"]).collect();
    assert!(files.len() > 10, "{files:?}");
    for path in files {
        let file = server.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        let kind = path.rsplit('.').next().unwrap();
        let (_, content_type) = types
            .iter()
            .find(|(name, _)| *name == kind)
            .unwrap_or(&types[0]);
        assert!(
            file.header("content-type")
                .unwrap()
                .starts_with(content_type),
            "{path}"
        );

        let tag = file.header("etag").unwrap();
        for known in [
            tag.to_owned(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ] {
            let again = server
                .send("GET", path, &format!("if-none-match: {known}\r\n"))
                .await;
            assert_eq!(
                (again.status, again.body.as_str()),
                (304, ""),
                "{path} {known}"
            );
            assert_eq!(again.header("etag"), Some(tag));
        }
        let other = server.send("GET", path, "if-none-match: \"x\"\r\n").await;
        assert_eq!((other.status, other.body), (200, file.body), "{path}");
    }
}

#[tokio::test]
async fn status_has_every_section_beside_health() {
    let server = Server::start();
    let status = server.get("/api/status").await.json();
    for section in [
        "pod",
        "time",
        "interfaces",
        "sockets",
        "orders",
        "traffic",
        "feed",
        "kafka",
        "repair",
        "peers",
        "policies",
        "violations",
        "encryption",
        "name",
        "version",
        "uptime_seconds",
        "ready",
        "components",
    ] {
        assert!(!status[section].is_null(), "{section} in {status}");
    }
    assert_eq!(status["name"], "order-service");
    assert_eq!(status["pod"]["name"], "order-service-a");
    assert_eq!(status["interfaces"][2]["interface"], "net2");
    assert_eq!(status["peers"]["pods"][0]["self"], true);
    // What is not known is null, and stands there all the same.
    server
        .overview
        .show(adapter_management::Snapshot::default());
    let status = server.get("/api/status").await.json();
    assert!(status.as_object().unwrap().contains_key("feed"));
    assert!(status["feed"].is_null());
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
        "/page/main.js",
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
