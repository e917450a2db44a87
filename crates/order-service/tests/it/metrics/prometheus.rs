//! A real Prometheus scrapes a running service by the committed rules: an alert fires as its cause comes and
//! ends with it, and exemplars arrive.

use super::TRACEPARENT;
use crate::client::{Client, order};
use crate::service::Service;
use crate::site::Site;
use http::Method;
use serde_json::Value;
use std::time::{Duration, Instant};
use testkit::servers::Prometheus;
use testkit::servers::kafka::Options;

/// How long anything may take on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(100);
const RULES: &str = include_str!("../../../../../k8s/prometheus/rules.yaml");

/// The committed rules, sooner: a minute's wait is a second, and lag is told from 2 s on.
fn hurried() -> String {
    let mut rules = String::new();
    for line in RULES.lines() {
        let waits = line.trim_start().starts_with("for:");
        let line = if waits { "        for: 1s" } else { line };
        rules.push_str(&line.replace("feed_lag_seconds > 60", "feed_lag_seconds > 2"));
        rules.push('\n');
    }
    assert!(rules.contains("feed_lag_seconds > 2"));
    rules
}

fn config(service: &Service) -> String {
    format!(
        "global: {{scrape_interval: 500ms, evaluation_interval: 500ms, scrape_timeout: 500ms}}\n\
         rule_files: [rules.yaml]\n\
         scrape_configs:\n\
         - job_name: order-service\n  static_configs: [{{targets: ['{}']}}]\n",
        service.management
    )
}

/// Asks Prometheus; nothing where it does not answer yet.
async fn ask(prometheus: &Prometheus, path: &str) -> Value {
    let mut client = Client::new(prometheus.address());
    let answer = client.send(Method::GET, path, &[], Value::Null).await;
    answer.map_or(Value::Null, |answer| answer.body["data"].clone())
}

/// The alert of this name, if it fires.
async fn firing(prometheus: &Prometheus, name: &str) -> Option<Value> {
    let data = ask(prometheus, "/api/v1/alerts").await;
    let alerts = data["alerts"].as_array()?.iter();
    let mut firing = alerts.filter(|alert| alert["state"] == "firing");
    let found = firing.find(|alert| alert["labels"]["alertname"] == name);
    found.cloned()
}

async fn until<T>(
    what: &str,
    prometheus: &Prometheus,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        let told = || format!("never: {what}; {}", prometheus.log());
        assert!(
            prometheus.runs() && started.elapsed() < PATIENCE,
            "{}",
            told()
        );
        tokio::time::sleep(LOOK).await;
    }
}

async fn place(service: &Service, key: &str) {
    let headers = [("idempotency-key", key), ("traceparent", TRACEPARENT)];
    let mut client = service.client();
    let placed = client.send(Method::POST, "/v1/orders", &headers, order(1));
    assert_eq!(placed.await.unwrap().status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_fires_while_the_feed_lags_and_exemplars_arrive() {
    let site = Site::new(Options::default(), "2s").await;
    let service = site.start();
    place(&service, "first").await;
    site.drained().await;
    let config = config(&service);
    let start = move || Prometheus::start(&config, &[("rules.yaml", &hurried())]);
    let prometheus = tokio::task::spawn_blocking(start).await.unwrap();

    let query = "/api/v1/query?query=orders_ready";
    until("it is scraped", &prometheus, async || {
        let data = ask(&prometheus, query).await;
        (data["result"][0]["value"][1] == "1").then_some(())
    })
    .await;
    let query = "/api/v1/query_exemplars?query=http_server_request_duration_seconds_bucket\
                 &start=0&end=4102444800";
    let exemplar = until("an exemplar", &prometheus, async || {
        let data = ask(&prometheus, query).await;
        let first = data[0]["exemplars"][0].clone();
        (!first.is_null()).then_some(first)
    })
    .await;
    let trace = exemplar["labels"]["trace_id"].as_str().unwrap();
    assert!(TRACEPARENT.contains(trace), "{exemplar}");
    assert!(firing(&prometheus, "OrderFeedLag").await.is_none());

    site.brokers(|kafka| kafka.kill9(1)).await;
    place(&service, "waits").await;
    let lags = until("the alert", &prometheus, async || {
        firing(&prometheus, "OrderFeedLag").await
    })
    .await;
    assert_eq!(lags["labels"]["severity"], "page");
    let told = lags["annotations"]["summary"].as_str().unwrap();
    assert!(told.ends_with("late (partition 0)"), "{told}");
    // What is not wrong is not told.
    for quiet in [
        "OrderServiceAbsent",
        "OrderServiceNotReady",
        "OrderFeedHalted",
    ] {
        assert_eq!(firing(&prometheus, quiet).await, None);
    }

    site.brokers(|kafka| kafka.start_again(1)).await;
    until("the alert's end", &prometheus, async || {
        let still = firing(&prometheus, "OrderFeedLag").await;
        still.is_none().then_some(())
    })
    .await;
}
