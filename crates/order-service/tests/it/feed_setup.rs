//! Rows of a Kafka that is set up wrongly, and the operator's commands.

use crate::client::order;
use crate::service::Service;
use crate::site::{Site, TAKEN_OVER, readiness, until_logged};
use crate::store::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::kafka::{Options, Topic};
use testkit::servers::{Authority, Kafka};

/// Readiness follows within so long, on the slowest machine.
const TOLD: Duration = Duration::from_mins(1);

/// Waits until readiness says these words of Kafka; it stays ready, and orders are placed.
async fn until_told(service: &Service, words: &[&str]) {
    let started = Instant::now();
    loop {
        let (status, ok, detail) = readiness(service, "kafka").await;
        assert_eq!(status, 200, "Kafka is never needed: {detail}");
        if !ok && words.iter().all(|word| detail.contains(word)) {
            break;
        }
        assert!(
            started.elapsed() < TOLD,
            "{words:?} is not told: {detail}\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let placed = service.client().post("/v1/orders", "k", order(1)).await;
    assert!(placed.status.is_success(), "{}", placed.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k5_a_certificate_that_cannot_be_trusted_is_told() {
    let (ours, stranger) = (Authority::new(), Authority::new());
    let mut told = 0;
    for (certificate, trusted) in [(ours.expired(), &ours), (ours.good(), &stranger)] {
        let options = Options {
            tls: Some(certificate),
            ..Options::default()
        };
        let start = move || (Kafka::start(options), Store::sqlite());
        let (kafka, store) = tokio::task::spawn_blocking(start).await.unwrap();
        let (brokers, ca) = (kafka.bootstrap(), trusted.certificate());
        let environment = [
            ("KAFKA_BROKERS", brokers.as_str()),
            ("KAFKA_TLS_CA_FILE", ca.to_str().unwrap()),
        ];
        let service = Service::start_on(&store.url(), &environment);
        until_told(&service, &["certificate verify failed"]).await;
        service.signal("TERM");
        let (status, log) = service.wait();
        assert!(status.success(), "{log}");
        told += 1;
    }
    rows::told(
        "K5",
        "broker certificate expired, and of another authority",
        &[("told", told)],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k6_a_missing_topic_is_told_and_waited_for() {
    let mut site = Site::new(Options::default(), "2s").await;
    site.environment
        .push(("KAFKA_CREATE_TOPICS", "false".to_owned()));
    let service = site.start();
    let names = ["orders.events.v1", "orders.feed-cursors.v1"];
    until_told(&service, &names).await;
    site.brokers(move |kafka| {
        let cleanup = ["delete", "compact"];
        let topics = names.iter().zip(cleanup);
        let topics =
            topics.map(|(name, cleanup)| Topic::new(*name, 1).with("cleanup.policy", cleanup));
        kafka.create_topics(&topics.collect::<Vec<_>>());
    })
    .await;
    let seen = site.check().await;
    let started = Instant::now();
    while !readiness(&service, "kafka").await.1 {
        assert!(started.elapsed() < TOLD, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rows::told("K6", "topics missing, then made", &seen.counted(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_lets_a_halted_partition_go_on() {
    let site = Site::new(Options::default(), "2s").await;
    let service = site.start();
    for key in ["a", "b", "c"] {
        service.client().post("/v1/orders", key, order(1)).await;
    }
    until_logged(&service, TAKEN_OVER, 1).await;
    assert_eq!(site.drained().await, 3);
    let brokers = Arc::clone(&site.kafka);
    tokio::task::spawn_blocking(move || brokers.delete_topic("orders.feed-cursors.v1"))
        .await
        .unwrap();
    service.client().post("/v1/orders", "d", order(1)).await;
    // Told as an error with the way out, in the log and in readiness; the metric is for alerts.
    until_logged(&service, "feed resume", 1).await;
    crate::site::until_metric(&service, "feed_partition_halted", |halted| halted > 0.0).await;
    until_told(&service, &["halted", "cursor is gone"]).await;
    let (code, said) = site.command(&["feed", "status"]);
    assert!(code == 0 && said.contains("no cursor"), "{said}");
    let (code, said) = site.command(&["feed", "resume", "--partition", "0", "--after", "99"]);
    assert!(code == 1 && said.contains("newest event"), "{said}");
    let (code, said) = site.command(&["feed", "resume", "--partition", "0", "--after", "3"]);
    assert!(code == 0 && said.contains("goes on after 3"), "{said}");
    // Orders d and k; whether the event after the third had already gone out is what the operator knows.
    let events = site.drained().await;
    assert_eq!(events, 5);
    let (code, said) = site.command(&["feed", "resume", "--partition", "0", "--after", "5"]);
    assert!(code == 0 && said.contains("stood at 5 as well"), "{said}");
}

#[test]
fn the_commands_say_what_they_need() {
    let run = |words: &[&str]| {
        let output = crate::service::binary().args(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = run(&["feed", "status"]);
    assert!(code == Some(1) && said.contains("KAFKA_BROKERS"), "{said}");
    assert_eq!(run(&["feed"]).0, Some(2));
    assert_eq!(run(&["feed", "resume", "--partition", "0"]).0, Some(2));
}
