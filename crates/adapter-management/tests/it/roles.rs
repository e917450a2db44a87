//! Who may ask for what, on every path; and pages of other sites, which may not act.

use crate::server::Server;
use testkit::Desk;
use testkit::fakes::StaticCallers;

/// Every path that administrators alone may ask for, with the method it has.
const CLOSED: [(&str, &str); 6] = [
    ("GET", "/api/dead-letters"),
    ("GET", "/api/dead-letters/m1"),
    ("POST", "/api/dead-letters/m1:drop"),
    ("GET", "/api/parked"),
    ("GET", "/api/parked/p1"),
    ("POST", "/api/parked/p1:redrive"),
];

fn token() -> String {
    format!("authorization: Bearer {}\r\n", StaticCallers::ADMIN_TOKEN)
}

#[tokio::test]
async fn what_is_for_administrators_is_closed_to_everybody_else() {
    let server = Server::start();
    for (method, path) in CLOSED {
        let closed = server.send(method, path, "").await;
        assert_eq!(closed.status, 401, "{method} {path}");
        let open = server.send(method, path, &token()).await;
        assert!(
            [200, 404].contains(&open.status),
            "{method} {path}: {open:?}"
        );
        let other = server.send("DELETE", path, &token()).await;
        assert_eq!(other.status, 405, "{method} {path}");
        let allowed = other.header("allow").unwrap();
        assert!(allowed.contains(method), "{method} {path}: {allowed}");
    }
    for (method, path, allowed) in [
        ("GET", "/api/parked/p1:drop", "POST"),
        ("POST", "/api/dead-letters/m1", "GET,HEAD"),
    ] {
        let other = server.send(method, path, &token()).await;
        assert_eq!((other.status, other.header("allow")), (405, Some(allowed)));
    }
}

#[tokio::test]
async fn a_page_of_another_site_may_read_nothing_new_and_act_nowhere() {
    let server = Server::start();
    let never = order_core::domain::OrderRef::External("never".to_owned());
    let park = Desk::new().park(never, testkit::fact::reserved("res-1"));
    order_core::ports::OrderStore::commit(&server.store, park)
        .await
        .unwrap();
    let path = "/api/parked/p1:drop";
    for site in [
        "cross-site",
        "same-site",
        "",
        "same-origin\r\nsec-fetch-site: cross-site",
    ] {
        let from = format!("{}sec-fetch-site: {site}\r\n", token());
        let refused = server.send("POST", path, &from).await;
        assert_eq!(refused.status, 403, "{site}");
        assert_eq!(refused.json()["code"], "cross_site_request");
        let read = server.send("GET", "/api/parked", &from).await;
        assert_eq!(read.status, 200, "what changes nothing is answered");
        assert_eq!(read.json()["parked"].as_array().unwrap().len(), 1);
    }
    for site in [
        "sec-fetch-site: same-origin\r\n",
        "sec-fetch-site: none\r\n",
    ] {
        let own = server.send("POST", path, &(token() + site)).await;
        assert!([200, 404].contains(&own.status), "{site}: {own:?}");
    }
    assert_eq!(
        server.send("POST", path, &token()).await.status,
        404,
        "it is gone"
    );
}

#[tokio::test]
async fn a_repair_takes_no_body() {
    let server = Server::start();
    let with_body = format!("{}content-length: 2\r\n\r\n{{}}", token());
    let answer = server.send("POST", "/api/parked/p1:drop", &with_body).await;
    assert_eq!(answer.status, 413);
    let empty = format!("{}content-length: 0\r\n", token());
    let answer = server.send("POST", "/api/parked/p1:drop", &empty).await;
    assert_eq!(answer.status, 404);
}
