//! The rules of a feed of several partitions.

use super::event_feed::{Feed, WRITERS, assert_dense};
use crate::desk::done;
use crate::{Desk, new_order};
use order_core::ports::{Committed, FeedPosition, FeedToken, PageLimit, RecordedEvent};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

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

/// Reading and waiting of one partition know nothing of the others (three partitions).
pub async fn one_partition_is_read_and_waited_for_alone(feed: Feed) {
    let desk = Desk::new();
    let limit = PageLimit {
        events: 10,
        bytes: usize::MAX,
    };
    for partition in [0, 1, 2, 1] {
        done(&*feed.store, desk.place_in(partition, new_order())).await;
    }
    let after = |partition, offset| FeedPosition { partition, offset };
    for (partition, count) in [(0, 1), (1, 2), (2, 1)] {
        let read = feed.feed.read_partition(after(partition, 0), limit).await;
        let read = read.unwrap();
        assert_eq!(read.len(), count);
        assert!(
            read.iter()
                .all(|event| event.position.partition == partition)
        );
        let rest = feed
            .feed
            .read_partition(after(partition, count as u64), limit);
        assert_eq!(rest.await, Ok(Vec::new()));
    }
    feed.feed.wait_in_partition(after(1, 1)).await.unwrap();
    let mut wait = pin!(feed.feed.wait_in_partition(after(1, 2)));
    done(&*feed.store, desk.place_in(2, new_order())).await;
    // Often enough to see the other partition's event, were it looked at.
    for _ in 0..3 {
        let waiting = poll_fn(|context| Poll::Ready(wait.as_mut().poll(context))).await;
        assert!(waiting.is_pending(), "another partition's event woke it");
        let seen = feed.feed.read_partition(after(2, 1), limit).await.unwrap();
        assert_eq!(seen.len(), 1);
    }
    done(&*feed.store, desk.place_in(1, new_order())).await;
    wait.await.unwrap();
    let read = feed.feed.read_partition(after(1, 2), limit).await.unwrap();
    assert_eq!(read.len(), 1);
}
