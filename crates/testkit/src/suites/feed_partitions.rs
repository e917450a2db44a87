//! The rules of a feed of several partitions.

use super::event_feed::{Feed, WRITERS, assert_dense};
use crate::desk::done;
use crate::{Desk, new_order};
use order_core::ports::{Committed, FeedToken, RecordedEvent};
use std::sync::Arc;

/// Each partition is dense by itself, an order's events stay in its partition, and one token
/// follows them all (three partitions).
pub async fn each_partition_is_dense_by_itself(feed: Feed) {
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let store = Arc::clone(&feed.store);
        writers.push(tokio::spawn(async move {
            let desk = Desk::numbered(number);
            let partition = number % 3;
            let order = done(&*store, desk.place_in(partition, new_order())).await;
            done(&*store, desk.hold(&order, "A")).await;
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut after = FeedToken::start();
    let mut all: Vec<RecordedEvent> = Vec::new();
    loop {
        let read = feed.feed.read_after(&after, 5).await.unwrap();
        if read.is_empty() {
            break;
        }
        for event in read {
            assert_eq!(event.position.partition, event.event.order.partition);
            after.advance(event.position);
            all.push(event);
        }
    }
    assert_dense(&all);
    assert_eq!(all.len(), usize::from(WRITERS) * 2);
    let head = feed.head().await;
    assert!(
        (0..3).all(|partition| head.offset(partition) == after.offset(partition)),
        "{head} and {after}"
    );
}

/// Waiting and reading see an event in whichever partition it is (three partitions).
pub async fn a_wait_sees_every_partition(feed: Feed) {
    let desk = Desk::new();
    for partition in 0..3 {
        let before = feed.head().await;
        let answer = feed
            .store
            .commit(desk.place_in(partition, new_order()))
            .await;
        assert!(matches!(answer, Ok(Committed::Done { .. })));
        feed.feed.wait_beyond(&before).await.unwrap();
        let read = feed.read(&before).await;
        assert_eq!(
            read.iter()
                .map(|event| event.position.partition)
                .collect::<Vec<_>>(),
            [partition]
        );
    }
}
