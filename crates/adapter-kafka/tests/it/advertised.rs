//! What brokers tell their clients, which is where clients go after the first connection.

use crate::bench::Bench;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use testkit::servers::Kafka;
use testkit::servers::kafka::Options;

#[tokio::test(flavor = "multi_thread")]
async fn the_advertised_address_is_told_and_not_the_one_that_was_asked() {
    let elsewhere = SocketAddr::from(([127, 0, 0, 9], 19_092));
    let mut own = None;
    let start = move || {
        let kafka = Kafka::start_behind(Options::default(), |broker| {
            own = Some(broker);
            elsewhere
        });
        (kafka, own.unwrap())
    };
    let (_kafka, own) = tokio::task::spawn_blocking(start).await.unwrap();
    let mut config = Bench::new(&own.to_string(), 1).config;
    config.request_timeout = Duration::from_secs(10);
    let told = adapter_kafka::advertised(Arc::new(config)).await.unwrap();
    assert_eq!(told, [(elsewhere.ip().to_string(), elsewhere.port())]);
}

#[tokio::test]
async fn brokers_that_do_not_answer_are_told_with_the_reason() {
    // Nobody listens on port 1.
    let mut config = Bench::new("127.0.0.1:1", 1).config;
    config.request_timeout = Duration::from_secs(1);
    let error = adapter_kafka::advertised(Arc::new(config))
        .await
        .unwrap_err();
    assert!(error.contains("127.0.0.1:1"), "{error}");
    assert!(error.contains("refused"), "{error}");
}
