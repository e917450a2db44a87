//! What a scrape costs, and that it leaves nothing behind. The figures of a build as it ships:
//! `FAULT_SCALE=full cargo nextest run --cargo-profile faults -p order-service -E 'test(scrape)' --no-capture`.

use super::{OPENMETRICS, TRACEPARENT};
use crate::client::{Client, order};
use crate::service::{Service, folder};
use http::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::rows::times;
use testkit::servers::cpu_millis;

/// What a scrape may take of a CPU, a build for tests included.
const MOST_CPU: Duration = Duration::from_millis(5);
/// What resident memory may grow by in the second half of the scrapes, KiB: the allocator takes memory by some MiB, now
/// and then. In the first half what `populate` woke fills up to its bounds (windows of rates, sessions of the store).
const MOST_GROWTH_KIB: u64 = 4 * 1_024;

/// Calls every route in several ways, so that there are about as many series as a service ever has.
async fn populate(service: &Service) {
    let mut client = service.client();
    let headers = [("idempotency-key", "first"), ("traceparent", TRACEPARENT)];
    let placed = client.send(Method::POST, "/v1/orders", &headers, order(2));
    let placed = placed.await.unwrap();
    let id = placed.body["order_id"].as_str().unwrap();
    let actions = ["cancel", "amend", "hold", "release"];
    let of_order = actions.map(|action| format!("/v1/orders/{id}:{action}"));
    let others = ["/v1/orders", "/v1/orders:batchPlace", "/v1/facts"];
    let posts = of_order.iter().map(String::as_str).chain(others);
    let bodies = [
        json!({}),
        json!({ "reason": "r" }),
        json!({ "kind": "FRAUD", "reason": "r" }),
        json!([]),
    ];
    for path in posts {
        for (nth, body) in bodies.iter().enumerate() {
            let key = format!("{path}-{nth}");
            let json = ("content-type", "application/json");
            let text = ("content-type", "text/plain");
            for media in [json, text] {
                let headers = [
                    ("idempotency-key", &*key),
                    media,
                    ("traceparent", TRACEPARENT),
                ];
                let answer = client.send(Method::POST, path, &headers, body.clone());
                assert_ne!(answer.await.unwrap().status, 500, "{path}");
            }
        }
    }
    let unknown = "/v1/orders/0190163d-8694-739b-aea5-966c26f8ad91";
    let gets = [
        "/v1/orders",
        "/v1/orders?page_size=x",
        "/v1/changes",
        "/v1/changes?after=x",
        "/openapi.json",
        "/docs",
        "/docs/x",
        "/livez",
        "/readyz",
        "/health",
        "/nothing",
        unknown,
        &format!("/v1/orders/{id}"),
        &format!("/v1/orders/{id}/events"),
        &format!("{unknown}/events"),
    ];
    for path in gets {
        let headers = [("traceparent", TRACEPARENT)];
        let answer = client.send(Method::GET, path, &headers, Value::Null);
        assert_ne!(answer.await.unwrap().status, 500, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_is_cheap_and_leaves_no_memory_behind() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    populate(&service).await;
    let mut client = Client::new(service.management);
    let headers = [("accept", OPENMETRICS)];
    let scrapes = times(2_000, 10_000);
    let (mut took, mut resident_kib, mut series) = (Vec::new(), Vec::new(), 0);
    let cpu = cpu_millis(service.pid());
    for nth in 1..=scrapes {
        let started = Instant::now();
        let answer = client.send(Method::GET, "/metrics", &headers, Value::Null);
        let answer = answer.await.unwrap();
        took.push(started.elapsed());
        if nth % (scrapes / 10) == 0 {
            resident_kib.push(service.resident_kib());
            series = answer
                .body
                .as_str()
                .unwrap()
                .lines()
                .filter(|line| !line.starts_with('#'))
                .count();
        }
    }
    let cpu = Duration::from_millis(cpu_millis(service.pid()) - cpu);
    let each = cpu / u32::try_from(scrapes).unwrap();
    took.truncate(1_000);
    took.sort_unstable();
    let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!(
        "{scrapes} scrapes of {series} series: p50 {p50:?}, p99 {p99:?}, CPU {each:?} each; KiB resident \
         after each tenth {resident_kib:?}"
    );
    assert!(series > 500, "{series} series are no load");
    assert!(each <= MOST_CPU, "a scrape takes {each:?}");
    // The most of each half: what the allocator gives back and takes again shows as dips.
    let most = |part: &[u64]| part.iter().copied().max().unwrap();
    let (first, second) = (most(&resident_kib[..5]), most(&resident_kib[5..]));
    assert!(
        second <= first + MOST_GROWTH_KIB,
        "{first} KiB at most in the first half, then {second}"
    );
}
