//! Who may ask for what: every call held to its role, before anything of it is read.

use crate::contract;
use crate::desk::{Desk, Reply, order, request};
use adapter_http::{HttpEdge, Visitor};
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use order_core::ports::{Caller, Identity, Rate, Role};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use testkit::fakes::StaticCallers;
use tokio::time::timeout;

const WEB: &str = "spiffe://example/ns/shop/sa/web";
const NOBODYS_ORDER: &str = "0190b6a0-0000-7000-8000-000000000000";

/// Every call of the contract, and the role that it takes; none: it is open.
const CALLS: [(&str, &str, Option<Role>); 18] = [
    ("GET", "/v1/orders", Some(Role::Read)),
    ("GET", "/v1/orders:watch", Some(Role::Read)),
    ("GET", "/v1/orders/{order_id}", Some(Role::Read)),
    ("GET", "/v1/orders/{order_id}/events", Some(Role::Read)),
    ("GET", "/v1/changes", Some(Role::Read)),
    ("POST", "/v1/orders", Some(Role::Place)),
    ("POST", "/v1/orders:batchPlace", Some(Role::Place)),
    ("POST", "/v1/orders/{order_id}:cancel", Some(Role::Change)),
    ("POST", "/v1/orders/{order_id}:amend", Some(Role::Change)),
    ("POST", "/v1/orders/{order_id}:hold", Some(Role::Change)),
    ("POST", "/v1/orders/{order_id}:release", Some(Role::Change)),
    ("POST", "/v1/facts", Some(Role::Fact)),
    ("GET", "/openapi.json", None),
    ("GET", "/docs", None),
    ("GET", "/docs/{file}", None),
    ("GET", "/livez", None),
    ("GET", "/readyz", None),
    ("GET", "/health", None),
];

fn named(name: &str) -> Caller {
    Caller::Named(Identity::new(name).unwrap())
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 20, 0, last).into()
}

/// The desk's edge, and whom it knows.
fn knowing(desk: &Desk) -> (HttpEdge, Arc<StaticCallers>) {
    let callers = Arc::new(StaticCallers::nobody());
    (desk.edge.clone().knowing(callers.clone()), callers)
}

async fn ask(edge: &HttpEdge, visitor: &Visitor, method: &str, path: &str) -> Reply {
    let asked = request(method, path, &[("content-type", "application/json")], "{}");
    let answer = edge.answer_to(visitor, asked).await;
    if path.ends_with(":watch") && answer.status() == 200 {
        // It has no end that could be waited for.
        let (parts, _) = answer.into_parts();
        return Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: Bytes::new(),
        };
    }
    let reply = Reply::of(answer).await;
    contract::check(method, path, &reply);
    reply
}

async fn place(edge: &HttpEdge, visitor: &Visitor, key: &str) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let asked = request("POST", "/v1/orders", &headers, order().to_string());
    let reply = Reply::of(edge.answer_to(visitor, asked).await).await;
    contract::check("POST", "/v1/orders", &reply);
    reply
}

#[test]
fn every_call_of_the_contract_has_its_role_here() {
    let mut described: Vec<(String, &str)> = Vec::new();
    for (path, item) in contract::document()["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.push((method.to_uppercase(), path));
        }
    }
    described.sort();
    let mut known = CALLS.map(|(method, path, _)| (method.to_owned(), path));
    known.sort();
    assert_eq!(described, known);
}

#[tokio::test]
async fn every_call_takes_its_role_and_no_other() {
    let desk = Desk::new();
    let (edge, callers) = knowing(&desk);
    for held in Role::ALL.map(Some).into_iter().chain([None]) {
        callers.set(WEB, held.as_slice());
        let visitor = edge.visitor(named(WEB), address(7), None);
        for (method, template, needed) in CALLS {
            let path = template.replace("{order_id}", NOBODYS_ORDER);
            let path = path.replace("{file}", "nothing.js");
            let reply = ask(&edge, &visitor, method, &path).await;
            let refused = needed.is_some() && held != needed;
            assert_eq!(
                refused,
                reply.status == 403,
                "{held:?} asks {method} {path}: {reply:?}"
            );
            assert_ne!(reply.status, 401, "{reply:?}");
            if let Some(role) = needed.filter(|_| refused) {
                assert_eq!(reply.text_at("code"), "permission_denied");
                let detail = reply.text_at("detail");
                for word in [WEB, role.as_str(), "CALLERS_FILE"] {
                    assert!(detail.contains(word), "{detail}");
                }
            }
        }
    }
}

#[tokio::test]
async fn who_has_no_name_may_do_nothing_where_roles_are_given() {
    let desk = Desk::new();
    let (edge, _) = knowing(&desk);
    let anonymous = edge.visitor(Caller::Anonymous, address(7), None);
    let reply = ask(&edge, &anonymous, "GET", "/v1/orders").await;
    assert_eq!(reply.status, 403);
    assert!(reply.text_at("detail").contains("without a certificate"));
    let unnamed = edge.visitor(Caller::Unnamed, address(7), None);
    let reply = ask(&edge, &unnamed, "GET", "/v1/orders").await;
    assert_eq!(
        (reply.status, reply.text_at("code").as_str()),
        (401, "unauthenticated")
    );
    assert!(reply.header("www-authenticate").is_some());
    for visitor in [&anonymous, &unnamed] {
        assert_eq!(ask(&edge, visitor, "GET", "/livez").await.status, 200);
        assert_eq!(ask(&edge, visitor, "GET", "/nowhere").await.status, 404);
        assert_eq!(
            ask(&edge, visitor, "DELETE", "/v1/orders").await.status,
            405
        );
    }
}

/// A body that tells whether anybody has read of it.
struct Watched(Arc<AtomicBool>);

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.store(true, Ordering::SeqCst);
        Poll::Ready(None)
    }
}

#[tokio::test]
async fn nothing_of_a_body_is_read_for_who_may_not_send_it() {
    let desk = Desk::new();
    let (edge, callers) = knowing(&desk);
    let visitor = edge.visitor(named(WEB), address(7), None);
    for (roles, status, read) in [(&[][..], 403, false), (&[Role::Place], 400, true)] {
        callers.set(WEB, roles);
        let seen = Arc::new(AtomicBool::new(false));
        let asked = Request::post("/v1/orders")
            .header("content-type", "application/json")
            .header("idempotency-key", "k")
            .body(Watched(seen.clone()))
            .unwrap();
        let answer = edge.answer_to(&visitor, asked).await;
        assert_eq!(
            (answer.status().as_u16(), seen.load(Ordering::SeqCst)),
            (status, read)
        );
    }
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_on_connections_that_stand() {
    let desk = Desk::new();
    let (edge, callers) = knowing(&desk);
    callers.set(WEB, &[Role::Read, Role::Place]);
    let visitor = edge.visitor(named(WEB), address(7), None);
    let watch = request("GET", "/v1/orders:watch", &[], "");
    let mut watcher = edge.answer_to(&visitor, watch).await.into_body();
    // The stream's beginning, then an event.
    watcher.frame().await.unwrap().unwrap();
    assert_eq!(place(&edge, &visitor, "one").await.status, 201);
    watcher.frame().await.unwrap().unwrap();
    callers.set(WEB, &[Role::Place]);
    let head = desk.head().await;
    assert_eq!(place(&edge, &visitor, "two").await.status, 201);
    assert_ne!(desk.head().await, head);
    let ended = timeout(Duration::from_secs(10), watcher.frame()).await;
    assert!(ended.expect("the stream ends").is_none());
    callers.set(WEB, &[Role::Read]);
    let head = desk.head().await;
    assert_eq!(place(&edge, &visitor, "three").await.status, 403);
    assert_eq!(desk.head().await, head);
}

#[tokio::test]
async fn every_event_names_its_caller() {
    let desk = Desk::new();
    let visitor = desk.edge.visitor(named(WEB), address(7), None);
    let placed = place(&desk.edge, &visitor, "k").await;
    let path = format!("/v1/orders/{}/events", placed.text_at("order_id"));
    let history = ask(&desk.edge, &visitor, "GET", &path).await.json();
    assert_eq!(history["events"][0]["data"]["cause"]["caller"], WEB);
    let anonymous = desk.edge.visitor(Caller::Anonymous, address(7), None);
    let placed = place(&desk.edge, &anonymous, "other").await;
    let path = format!("/v1/orders/{}/events", placed.text_at("order_id"));
    let history = ask(&desk.edge, &visitor, "GET", &path).await.json();
    assert_eq!(
        history["events"][0]["data"]["cause"].get("caller"),
        None,
        "{history}"
    );
}

#[tokio::test]
async fn a_quota_is_the_names_where_there_is_one_and_else_the_addresss() {
    let desk = Desk::limited(Rate {
        tokens: 1,
        period_millis: 1_000,
        burst: 1,
    });
    let pay = "spiffe://example/ns/shop/sa/pay";
    for (caller, last, status) in [
        (named(WEB), 7, 200),
        (named(pay), 7, 200),
        (named(WEB), 8, 429),
        (Caller::Anonymous, 7, 200),
        (Caller::Anonymous, 7, 429),
        (Caller::Anonymous, 8, 200),
    ] {
        let visitor = desk.edge.visitor(caller.clone(), address(last), None);
        let reply = ask(&desk.edge, &visitor, "GET", "/v1/orders").await;
        assert_eq!(reply.status, status, "{caller} from {last}");
    }
}
