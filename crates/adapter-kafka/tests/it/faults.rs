//! Rows of the catalogue that one process can play: what is left behind by processes that died.

use crate::bench::{Bench, Feed, kafka};
use crate::consumer::assert_exactly_once;
use order_core::ports::EventPublisher;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::sync::Arc;
use std::time::Duration;
use testkit::rows;

/// How long a broker may take to answer on the slowest machine.
const ANSWER: Duration = Duration::from_mins(1);

/// R3: the process ends right after the commit, before it has noted anything anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn r3_the_cursor_is_read_back_after_a_crash_behind_the_commit() {
    let bench = Bench::new(&kafka().await.bootstrap(), 1);
    let feed = Feed::new();
    let crashes = rows::times(5, 40);
    for _ in 0..crashes {
        feed.grow(20).await;
        let publisher = Arc::new(bench.publisher());
        let mut publishing = feed
            .by(publisher)
            .take_over(feed.lease().await)
            .await
            .unwrap();
        // Committed; what was published is noted only at a take-over or by the service's own clock.
        assert!(publishing.publish_next().await.unwrap() > 0);
    }
    feed.publish_all(Arc::new(bench.publisher())).await.unwrap();
    let messages = tokio::task::spawn_blocking(move || bench.read())
        .await
        .unwrap();
    let seen = assert_exactly_once(&messages, &[feed.head().await]);
    let counted = seen.counted(&[("crashes", crashes as u64)]);
    rows::told("R3", "publisher dropped behind each commit", &counted);
}

/// R6: processes die inside their transactions again and again, each having written a cursor that does not
/// count. The one that counts stands far behind.
#[tokio::test(flavor = "multi_thread")]
async fn r6_the_cursor_is_found_behind_many_aborted_transactions() {
    let bench = Bench::new(&kafka().await.bootstrap(), 1);
    let feed = Feed::new();
    feed.grow(50).await;
    feed.publish_all(Arc::new(bench.publisher())).await.unwrap();
    let aborted = rows::times(200, 1_000);
    let abort = bench.clone();
    tokio::task::spawn_blocking(move || abort_transactions(&abort, aborted))
        .await
        .unwrap();
    let publisher = bench.publisher();
    let found = publisher.take_over(0).await.unwrap().unwrap();
    assert_eq!(found.offset, 50);
    feed.grow(50).await;
    feed.publish_all(Arc::new(publisher)).await.unwrap();
    let messages = tokio::task::spawn_blocking(move || bench.read())
        .await
        .unwrap();
    let seen = assert_exactly_once(&messages, &[feed.head().await]);
    let counted = seen.counted(&[("aborted", aborted as u64)]);
    rows::told(
        "R6",
        "aborted transactions behind the cursor, then a restart",
        &counted,
    );
}

/// Transactions as a dying process leaves them: an event and a cursor beyond it, and then the end.
fn abort_transactions(bench: &Bench, count: usize) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &bench.config.brokers)
        .set(
            "transactional.id",
            format!("{}-feed-0", bench.config.cluster),
        )
        .set("linger.ms", "0")
        .create()
        .unwrap();
    producer.init_transactions(ANSWER).unwrap();
    let cursor = r#"{"version":1,"offset":99999,"store":"00000000-0000-0000-0000-000000000000"}"#;
    for _ in 0..count {
        producer.begin_transaction().unwrap();
        let event = BaseRecord::to(&bench.config.topics.events)
            .key("k")
            .payload("{}");
        producer.send(event).map_err(|(error, _)| error).unwrap();
        let topic = &bench.config.topics.cursors;
        let cursor = BaseRecord::to(topic).partition(0).key("0").payload(cursor);
        producer.send(cursor).map_err(|(error, _)| error).unwrap();
        while producer.in_flight_count() > 0 {
            producer.poll(Duration::from_millis(1));
        }
        producer.abort_transaction(ANSWER).unwrap();
    }
}
