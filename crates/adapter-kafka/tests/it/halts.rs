//! When a partition stands still, on the real broker: nothing ever begins from 0 by itself.

use crate::bench::{Bench, Feed, kafka};
use crate::consumer::{assert_exactly_once, look};
use order_core::app::{Halt, Standstill, resume_after};
use order_core::ports::{EventPublisher, FeedPosition};
use std::sync::Arc;
use testkit::rows;

async fn read(bench: &Bench) -> Vec<crate::consumer::Message> {
    let bench = bench.clone();
    tokio::task::spawn_blocking(move || bench.read())
        .await
        .unwrap()
}

/// R7: the cursor topic is deleted under a publisher, which makes it anew and then stands still.
#[tokio::test(flavor = "multi_thread")]
async fn r7_a_cursor_topic_that_is_gone_halts() {
    let server = kafka().await;
    let bench = Bench::new(&server.bootstrap(), 1);
    let feed = Feed::new();
    feed.grow(40).await;
    let publisher: Arc<dyn EventPublisher> = Arc::new(bench.publisher());
    let mut going = feed.publish_all(Arc::clone(&publisher)).await.unwrap();
    let cursors = bench.config.topics.cursors.clone();
    tokio::task::spawn_blocking(move || server.delete_topic(&cursors))
        .await
        .unwrap();
    feed.grow(10).await;
    let mut refused = 0;
    let halt = loop {
        // The broker may know the old topic for a moment; whatever it says, nothing may be doubled.
        let result = match going.publish_next().await {
            Ok(_) => Ok(()),
            Err(_) => feed
                .publish_all(Arc::clone(&publisher))
                .await
                .map(|again| going = again),
        };
        match result {
            Err(Standstill::Halted(halt)) => break halt,
            Ok(()) => feed.grow(1).await,
            Err(error) => {
                refused += 1;
                assert!(refused < 50, "{error}");
            }
        }
    };
    assert!(
        matches!(halt, Halt::CursorLost { partition: 0, .. }),
        "{halt}"
    );
    let again = feed.publish_all(Arc::new(bench.publisher())).await;
    assert_eq!(again.unwrap_err(), Standstill::Halted(halt));
    let seen = look(&read(&bench).await, &[]);
    assert!(seen.events >= 40 && seen.doubled == 0, "{seen:?}");

    // The way out: the operator looks at what consumers have, and says where to go on.
    let at = FeedPosition {
        partition: 0,
        offset: seen.events,
    };
    let before = resume_after(&feed.store, &*publisher, &feed.store, at).await;
    assert_eq!(before, Ok(None));
    feed.publish_all(Arc::new(bench.publisher())).await.unwrap();
    let seen = assert_exactly_once(&read(&bench).await, &[feed.head().await]);
    let counted = seen.counted(&[("halted", 1)]);
    rows::told(
        "R7",
        "cursor topic deleted under a publisher, then resumed",
        &counted,
    );
}

/// R14: the store is restored from an older state, and goes on. The partition halts at once, and also
/// when the store has as many events again: they are others.
#[tokio::test(flavor = "multi_thread")]
async fn r14_a_store_that_was_rewound_halts() {
    let bench = Bench::new(&kafka().await.bootstrap(), 1);
    let mut feed = Feed::new();
    feed.grow(10).await;
    feed.lease().await;
    let backup = feed.store.fork();
    feed.grow(20).await;
    feed.publish_all(Arc::new(bench.publisher())).await.unwrap();
    feed.store = backup;
    let ahead = feed.publish_all(Arc::new(bench.publisher())).await;
    let expected = Halt::CursorAhead {
        partition: 0,
        offset: 30,
        head: 10,
    };
    assert_eq!(ahead.unwrap_err(), Standstill::Halted(expected));
    feed.grow(30).await;
    let other = feed.publish_all(Arc::new(bench.publisher())).await;
    let other = other.unwrap_err();
    assert!(
        matches!(
            other,
            Standstill::Halted(Halt::OtherHistory { offset: 30, .. })
        ),
        "{other}"
    );
    let seen = assert_exactly_once(&read(&bench).await, &[30]);
    let counted = seen.counted(&[("halted", 2)]);
    rows::told(
        "R14",
        "store restored from a backup, then grown beyond the cursor",
        &counted,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_of_another_store_halts() {
    let bench = Bench::new(&kafka().await.bootstrap(), 1);
    let (ours, theirs) = (Feed::new(), Feed::new());
    ours.grow(3).await;
    theirs.grow(3).await;
    theirs
        .publish_all(Arc::new(bench.publisher()))
        .await
        .unwrap();
    let refused = ours.publish_all(Arc::new(bench.publisher())).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, Standstill::Halted(Halt::OtherStore { .. })),
        "{refused}"
    );
}
