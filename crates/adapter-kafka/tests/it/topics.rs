//! The topics: made as they should be, refused where they would lose something, and told of clearly.

use crate::bench::{Bench, kafka};
use adapter_kafka::{Tls, Wanted, ensure};
use order_core::ports::EventPublisher;
use std::sync::Arc;
use testkit::servers::kafka::{Options, Topic};
use testkit::servers::{Authority, Kafka};

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_once_and_grow_with_the_feed() {
    let bench = Bench::new(&kafka().await.bootstrap(), 12);
    let publishers = [bench.publisher(), bench.publisher()];
    // Two replicas that start at once: one of them makes the topics.
    let (one, other) = tokio::join!(publishers[0].prepare(), publishers[1].prepare());
    assert_eq!((one, other), (Ok(()), Ok(())));
    assert_eq!(publishers[0].take_over(5).await, Ok(None));
    let wanted = |name: &String, compacted| Wanted {
        name: name.clone(),
        partitions: 1,
        compacted,
        max_message_bytes: 1_000_000,
    };
    let topics = &bench.config.topics;
    let both = vec![wanted(&topics.events, false), wanted(&topics.cursors, true)];
    let found = ensure(Arc::new(bench.config.clone()), both).await.unwrap();
    assert_eq!(
        (found[0].partitions, found[0].cleanup.as_str()),
        (12, "delete")
    );
    assert_eq!(
        (found[1].partitions, found[1].cleanup.as_str()),
        (6, "compact")
    );
    assert_eq!(found[0].max_message_bytes, 8 * 1024 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_topic_that_forgets_is_refused() {
    let server = kafka().await;
    let bench = Bench::new(&server.bootstrap(), 1);
    let cursors = Topic::new(&bench.config.topics.cursors, 1);
    tokio::task::spawn_blocking(move || server.create_topics(&[cursors]))
        .await
        .unwrap();
    let refused = bench
        .publisher()
        .take_over(0)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("cleanup.policy"), "{refused}");
}

/// K6 in the small: without the right to make topics, each that is missing is named.
#[tokio::test(flavor = "multi_thread")]
async fn missing_topics_are_named() {
    let mut bench = Bench::new(&kafka().await.bootstrap(), 1);
    bench.config.create_topics = false;
    let refused = bench
        .publisher()
        .take_over(0)
        .await
        .unwrap_err()
        .to_string();
    for word in [
        &bench.config.topics.events,
        &bench.config.topics.cursors,
        "KAFKA_CREATE_TOPICS",
    ] {
        assert!(refused.contains(word), "{refused}");
    }
}

/// K5 in the small: a certificate that cannot be trusted is named as the reason, whether it comes from
/// another authority or is made out to another name than the broker is reached by.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_named_as_the_reason() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    // Reached by its address, which the certificate holds, or by a name, which it does not.
    let tls = Some(authority.named("IP:127.0.0.1,DNS:kafka.example"));
    let options = Options {
        tls,
        ..Options::default()
    };
    let server = tokio::task::spawn_blocking(|| Kafka::start(options))
        .await
        .unwrap();
    let brokers = server.bootstrap();
    let bench = |brokers: &str, authority: &Authority| {
        let mut bench = Bench::new(brokers, 1);
        bench.config.request_timeout = std::time::Duration::from_secs(5);
        bench.config.tls = Some(Tls {
            ca: authority.certificate(),
            identity: None,
        });
        bench
    };
    let trusted = bench(&brokers, &authority);
    assert_eq!(trusted.publisher().take_over(0).await, Ok(None));
    let by_name = brokers.replace("127.0.0.1", "localhost");
    assert_ne!(by_name, brokers);
    for refused in [bench(&brokers, &stranger), bench(&by_name, &authority)] {
        let mut told = String::new();
        // Where `localhost` is an IPv6 address too, at which no broker listens, that may be the last failure.
        for _ in 0..12 {
            told = refused.publisher().prepare().await.unwrap_err().to_string();
            if told.contains("certificate verify failed") {
                break;
            }
        }
        assert!(told.contains("certificate verify failed"), "{told}");
    }
}
