//! Brokers that cannot be used: told, waited for, and no reason not to serve.

use super::queue::{DEAD_LETTERS, INVENTORY, PAYMENTS, Queue, SHIPMENTS};
use super::shop::{Feed, event, life, metric, place, start, until, until_handled};
use crate::client::Client;
use crate::service::{Service, folder};
use crate::store::Store;
use serde_json::json;
use std::sync::Arc;
use testkit::rows;
use testkit::servers::kafka::{Options, Topic};
use testkit::servers::{Authority, Kafka};

async fn told(service: &Service) -> String {
    let readiness = Client::new(service.management).get("/readyz?verbose").await;
    assert_eq!(
        readiness.status, 200,
        "orders are taken all the same: {}",
        readiness.body
    );
    let text = readiness
        .body
        .as_str()
        .map_or_else(|| readiness.body.to_string(), str::to_owned);
    text.lines()
        .filter(|line| line.contains("kafka-inbound"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k5_brokers_of_another_authority_are_told_and_orders_go_on() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let tls = Some(theirs.good());
    let kafka = tokio::task::spawn_blocking(move || {
        Kafka::start(Options {
            tls,
            ..Options::default()
        })
    })
    .await
    .unwrap();
    let (_folder, database) = folder();
    let authority = ours.certificate().display().to_string();
    let environment = [
        ("KAFKA_BROKERS", kafka.bootstrap()),
        ("KAFKA_TLS_CA_FILE", authority),
    ];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let service = Service::start_with(&database, &environment);
    let refused = async || told(&service).await.contains("certificate verify failed");
    until(
        &service,
        "readiness says what is wrong with the brokers",
        refused,
    )
    .await;
    let errors = metric(&service, "kafka_consumer_errors_total").await;
    assert_eq!(place(&mut service.client(), 20).await.len(), 20);
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    rows::told(
        "K5",
        "the brokers' certificate is of another authority (inbound)",
        &[("errors told", errors), ("orders placed meanwhile", 20)],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k6_topics_that_are_missing_are_named_and_consumed_once_they_are_made() {
    let start_empty = || Queue::of(Arc::new(Kafka::start(Options::default())));
    let queue = tokio::task::spawn_blocking(start_empty).await.unwrap();
    let store = Store::postgres();
    // Where the service may not make them, somebody else has to.
    let service = start(&queue, &store.url(), &[("KAFKA_CREATE_TOPICS", "false")]);
    let named = async || {
        let told = told(&service).await;
        told.contains(PAYMENTS) && told.contains(INVENTORY)
    };
    until(&service, "readiness names the topics", named).await;
    let mut client = service.client();
    let orders = place(&mut client, 20).await;
    let kafka = Arc::clone(&queue.kafka);
    let make = move || {
        let topics = [PAYMENTS, INVENTORY, SHIPMENTS, "orders.commands.v1"];
        kafka.create_topics(&topics.map(|name| Topic::new(name, 2)));
    };
    tokio::task::spawn_blocking(make).await.unwrap();
    let facts: Vec<_> = orders.iter().flat_map(|order| life(order)).collect();
    queue.send(&facts).await;
    until_handled(&service, facts.len()).await;
    Feed::read(&mut client).await.assert_all_completed(&orders);

    // A dead letter without a topic keeps its message where it is, and is written once there is one.
    queue
        .send(&[event(PAYMENTS, "k", "payment.guessed.v1", "1", &json!({}))])
        .await;
    until(&service, "the consumer waits", async || {
        metric(&service, "kafka_paused").await > 0
    })
    .await;
    let kafka = Arc::clone(&queue.kafka);
    let make = move || kafka.create_topics(&[Topic::new(DEAD_LETTERS, 1)]);
    tokio::task::spawn_blocking(make).await.unwrap();
    until_handled(&service, facts.len() + 1).await;
    assert_eq!(queue.dead_letters().await.len(), 1);
    let well = async || metric(&service, "kafka_paused").await == 0;
    until(&service, "the consumer goes on", well).await;
    rows::told(
        "K6",
        "no topic is there, then those that come in, then the dead letters'",
        &[("facts applied", facts.len() as u64), ("dead letters", 1)],
    );
}
