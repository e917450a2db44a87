//! Everything that the service measures: named well, told the same in both formats, and documented.
//!
//! `docs/METRICS.md` is written by this test where `METRICS_WRITE` is set, and compared with otherwise.

mod catalogue;
mod costs;
mod lint;
mod prometheus;
mod promised;
mod queries;

use crate::client::{Client, fact, order};
use crate::exposition::Exposition;
use crate::grpc;
use crate::inbound::queue::{PAYMENTS, Queue, Sent};
use crate::inbound::shop;
use crate::redis::{read, redis};
use crate::service::{Service, folder};
use crate::site::Site;
use catalogue::Catalogue;
use http::{Method, StatusCode};
use promised::PROMISED;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::servers::kafka::Options;
use testkit::servers::prometheus::promtool;
use testkit::servers::{Authority, Redis};

/// How long the slowest metric may take to show: librdkafka tells of lag every other second.
const PATIENCE: Duration = Duration::from_mins(1);
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// What Prometheus sends where it wants exemplars.
pub(crate) const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";

/// The scrape in one of the formats.
pub(crate) async fn scrape(service: &Service, accept: &str) -> String {
    let mut client = Client::new(service.management);
    let headers = [("accept", accept)];
    let answer = client.send(Method::GET, "/metrics", &headers, Value::Null);
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    answer.body.as_str().unwrap().to_owned()
}

/// Every plane on the loopback, so that what is measured of planes shows.
const PLANES: [(&str, &str); 4] = [
    ("DATA_INTERFACE", "lo"),
    ("STORAGE_INTERFACE", "lo"),
    ("MGMT_INTERFACE", "lo"),
    ("DEFAULT_INTERFACE", "lo"),
];

/// A service that has everything: PostgreSQL, Kafka, Redis, a collector, bound planes.
fn full(site: &mut Site, redis: &Redis) -> Service {
    let further = PLANES.map(|(name, value)| (name, value.to_owned()));
    site.environment.extend(further);
    site.environment.push(("REDIS_URL", redis.url()));
    let limit = ("RATE_LIMIT", "1000000/s".to_owned());
    site.environment.push(limit);
    // Nobody listens there: what cannot be shipped is counted.
    let collector = ("OTLP_ENDPOINT", "http://127.0.0.1:9".to_owned());
    site.environment.push(collector);
    site.start()
}

/// The embedded store, with TLS.
fn embedded(authority: &Authority) -> (tempfile::TempDir, Service) {
    let (folder, database) = folder();
    let good = authority.good();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (certificate, key) = (text(&good.certificate), text(&good.key));
    let trusted = text(&good.authority);
    // Nobody listens at that Redis: the certificate that it would be shown is watched all the same.
    let tls = [
        ("HTTP_TLS_MODE", "tls"),
        ("HTTP_TLS_CERT_FILE", &certificate),
        ("HTTP_TLS_KEY_FILE", &key),
        ("REDIS_URL", "rediss://127.0.0.1:9/0"),
        ("REDIS_TLS_MODE", "mtls"),
        ("REDIS_TLS_CERT_FILE", &certificate),
        ("REDIS_TLS_KEY_FILE", &key),
        ("REDIS_TLS_CA_FILE", &trusted),
    ];
    (folder, Service::start_with(&database, &tls))
}

/// Asks for something of everything.
async fn use_it(service: &Service, queue: &Queue) {
    let mut client = service.client();
    let headers = [("idempotency-key", "k"), ("traceparent", TRACEPARENT)];
    let placed = client.send(Method::POST, "/v1/orders", &headers, order(2));
    let placed = placed.await.unwrap();
    assert_eq!(placed.status, StatusCode::CREATED, "{placed:?}");
    let id = placed.body["order_id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        read(&mut client, &format!("/v1/orders/{id}"), "max-age=60").await;
    }
    let mut request = tonic::Request::new(grpc::place("g", 1));
    let parent = TRACEPARENT.parse().unwrap();
    request.metadata_mut().insert("traceparent", parent);
    let mut client = grpc::client(service.grpc).await.unwrap();
    client.place_order(request).await.unwrap();
    let data = json!({ "order_id": id, "payment_id": "p", "amount": 1_000, "currency": "EUR" });
    let sent = Sent {
        topic: PAYMENTS,
        key: id,
        value: fact("payment.authorized.v1", "1", &data).to_string(),
    };
    queue.send(&[sent]).await;
    shop::until_handled(service, 1).await;
}

/// Scrapes in both formats until these are there, and both tell the same series.
async fn scraped(service: &Service, slow: &[&str]) -> (String, String) {
    let started = Instant::now();
    loop {
        let classic = scrape(service, "text/plain").await;
        let openmetrics = scrape(service, OPENMETRICS).await;
        let is_there = |name: &&&str| openmetrics.contains(&format!("# TYPE {name} "));
        let missing: Vec<_> = slow.iter().filter(|name| !is_there(name)).collect();
        let (old, new) = (Exposition::parse(&classic), Exposition::parse(&openmetrics));
        let differ = lint::in_one_alone(&old, &new);
        if missing.is_empty() && differ.is_empty() {
            return (classic, openmetrics);
        }
        let waited = started.elapsed();
        assert!(
            waited < PATIENCE,
            "never: {missing:?}; in one format alone: {differ:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_well_named_and_documented_and_every_promised_one_is_there() {
    let redis = redis().await;
    let mut site = Site::new(Options::default(), "2s").await;
    let service = full(&mut site, &redis);
    use_it(&service, &Queue::of(Arc::clone(&site.kafka))).await;
    let slow = [
        "feed_lag_seconds",
        "kafka_consumer_lag",
        "orders_cache_puts",
        "otlp_dropped",
        "plane_audit_seconds",
        "plane_connections",
        "plane_interface_up",
        "plane_refused",
    ];
    let all = scraped(&service, &slow).await;
    let authority = Authority::new();
    let (_folder, other) = embedded(&authority);
    let slow = ["tls_certificate_expiry_seconds", "files_unusable"];
    let embedded = scraped(&other, &slow).await;

    let mut catalogue = Catalogue::default();
    for (classic, openmetrics) in [&all, &embedded] {
        let read = Exposition::parse(openmetrics);
        lint::check(&read);
        assert!(
            Exposition::parse(classic).exemplars.is_empty(),
            "this format has none"
        );
        let checked = promtool(&["check", "metrics"], classic);
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success() && told.is_empty(), "{told}");
        catalogue.add(&read, openmetrics);
    }
    let told = Exposition::parse(&all.1);
    assert!(told.value("orders_ready") > 0.0, "{}", all.1);
    let exemplars = told.exemplars;
    for family in ["http_server", "rpc_server"] {
        let bucket = format!("{family}_request_duration_seconds_bucket{{");
        let is_callers = |(series, trace): (&String, &String)| {
            series.starts_with(&bucket) && TRACEPARENT.contains(trace.as_str())
        };
        assert!(exemplars.iter().any(is_callers), "{family}: {exemplars:?}");
    }
    for name in PROMISED {
        assert!(catalogue.has(name), "{name} is promised and not there");
    }
    catalogue.compare_with_document();
}
