//! One trace from a caller's request to the event in Kafka, to the fact that its consumer sends, and to the
//! events of that fact: real Kafka, real PostgreSQL, a real collector.

use crate::client::{Client, order};
use crate::collector::{Collector, Got};
use crate::inbound::queue::{PAYMENTS, Queue, Sent};
use crate::inbound::shop;
use crate::site::Site;
use crate::traces::{hex, stop};
use http::{Method, StatusCode};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use std::sync::Arc;
use testkit::servers::kafka::Options;

/// The caller's span, and the payment system's.
const CALLER: &str = "b7ad6b7169203331";
const PAYMENT: &str = "00f067aa0ba902b7";
/// Callers at one time, each with a trace of its own.
const CALLERS: usize = 20;

fn trace(number: usize) -> String {
    format!("4bf92f3577b34da6a3ce929d0e0e{number:04x}")
}

fn traceparent(trace: &str, span: &str) -> String {
    format!("00-{trace}-{span}-01")
}

/// Trace and span of a `traceparent`.
fn parts(traceparent: &str) -> (String, String) {
    let parts: Vec<&str> = traceparent.split('-').collect();
    (parts[1].to_owned(), parts[2].to_owned())
}

/// A site whose services ship their spans to a collector.
async fn traced_site() -> (Site, Collector) {
    let collector = Collector::start(0, None, 0);
    let mut site = Site::new(Options::default(), "2s").await;
    let endpoint = format!("http://{}", collector.address);
    site.environment.push(("OTLP_ENDPOINT", endpoint));
    (site, collector)
}

async fn place(mut client: Client, number: usize) -> String {
    let (key, parent) = (number.to_string(), traceparent(&trace(number), CALLER));
    let headers = [("idempotency-key", &*key), ("traceparent", &*parent)];
    let placed = client.send(Method::POST, "/v1/orders", &headers, order(2));
    let placed = placed.await.unwrap();
    assert_eq!(placed.status, StatusCode::CREATED, "{placed:?}");
    placed.body["order_id"].as_str().unwrap().to_owned()
}

/// Waits until a span is there, and gives it.
async fn the(collector: &Collector, what: &str, is: impl Fn(&Span) -> bool) -> Span {
    let any = |got: &Got| {
        let scopes = got.traces.iter().flat_map(|one| &one.scope_spans);
        scopes.flat_map(|scope| &scope.spans).any(&is)
    };
    collector.until(what, any).await;
    collector.spans().into_iter().find(|span| is(span)).unwrap()
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|one| one.key == key);
    let value = found.unwrap_or_else(|| panic!("no {key}: {span:#?}"));
    format!(
        "{:?}",
        value.value.as_ref().unwrap().value.as_ref().unwrap()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_a_request_by_kafka_to_a_fact_and_its_events() {
    let (site, collector) = traced_site().await;
    let service = site.start();
    let id = place(service.client(), 0).await;

    // The event's parent is the service's own span, which is a child of the caller's.
    let placed = site.read().await.1.remove(0);
    let (told, request_span) = parts(&placed.header("traceparent"));
    assert_eq!(told, trace(0));
    let is = |span: &Span| hex(&span.span_id) == request_span;
    let request = the(&collector, "the request's span", is).await;
    assert_eq!(request.name, "POST /v1/orders");
    assert_eq!(request.kind(), SpanKind::Server);
    assert_eq!(hex(&request.parent_span_id), CALLER);

    // Its part of the commit is its child, and the commit itself links to that.
    let is = |span: &Span| span.name == "commit" && span.parent_span_id == request.span_id;
    let part = the(&collector, "the request's part of a commit", is).await;
    assert_eq!(hex(&part.trace_id), trace(0));
    assert!(attribute(&part, "db.operation.batch.size").contains("IntValue(1)"));
    let links_to = |span: &Span, to: &Span| {
        let mut links = span.links.iter();
        links.any(|link| link.trace_id == to.trace_id && link.span_id == to.span_id)
    };
    let is = |span: &Span| span.name == "commit" && links_to(span, &part);
    let commit = the(&collector, "the commit", is).await;
    assert!(commit.parent_span_id.is_empty());

    // So is its publishing.
    let is = |span: &Span| {
        span.name == "send orders.events.v1" && span.parent_span_id == request.span_id
    };
    let sent = the(&collector, "the publishing", is).await;
    assert_eq!(sent.kind(), SpanKind::Producer);
    assert!(attribute(&sent, "messaging.system").contains("kafka"));

    // Who reads the event sends a fact, in the same trace.
    let data = json!({ "order_id": id, "payment_id": "p", "amount": 1_000, "currency": "EUR" });
    let fact = json!({
        "specversion": "1.0", "type": "payment.authorized.v1", "source": "/psp", "id": "1",
        "data": data, "traceparent": traceparent(&trace(0), PAYMENT),
    });
    let fact = Sent {
        topic: PAYMENTS,
        key: id.clone(),
        value: fact.to_string(),
    };
    Queue::of(Arc::clone(&site.kafka)).send(&[fact]).await;
    shop::until_handled(&service, 1).await;

    let is = |span: &Span| span.name == "process payments.events.v1";
    let handled = the(&collector, "the fact's span", is).await;
    assert_eq!(handled.kind(), SpanKind::Consumer);
    assert_eq!(hex(&handled.trace_id), trace(0));
    assert_eq!(hex(&handled.parent_span_id), PAYMENT);
    assert!(attribute(&handled, "messaging.destination.name").contains(PAYMENTS));
    let (_, events) = site.read().await;
    let paid = events
        .iter()
        .find(|event| event.header("ce_type") == "order.payment_changed.v1");
    let own = (trace(0), hex(&handled.span_id));
    assert_eq!(parts(&paid.unwrap().header("traceparent")), own);
    stop(service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shares_a_transaction_with_other_traces_is_linked_to() {
    let (site, collector) = traced_site().await;
    let service = site.start();
    let callers = (0..CALLERS).map(|number| tokio::spawn(place(service.client(), number)));
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let (_, events) = site.read().await;
    assert_eq!(events.len(), CALLERS);
    for event in events {
        let own = parts(&event.header("traceparent"));
        let is_linked = |span: &Span| {
            let links = span.links.iter();
            let mut links = links.map(|link| (hex(&link.trace_id), hex(&link.span_id)));
            span.name == "send orders.events.v1" && links.any(|link| link == own)
        };
        the(&collector, "a link to each trace", is_linked).await;
    }
    stop(service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_the_callers_own_trace_is_handed_on_untouched() {
    let site = Site::new(Options::default(), "2s").await;
    let service = site.start();
    place(service.client(), 0).await;
    let placed = site.read().await.1.remove(0);
    let untouched = traceparent(&trace(0), CALLER);
    assert_eq!(placed.header("traceparent"), untouched);
    stop(service).await;
}
