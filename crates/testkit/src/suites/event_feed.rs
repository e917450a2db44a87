//! The rules of [`EventFeed`].

use crate::desk::{done, order_of, with_request};
use crate::{Desk, fact, new_order};
use order_core::domain::{OrderRef, PaymentTerms};
use order_core::ports::{
    Change, EventFeed, FeedError, FeedPosition, FeedToken, OrderStore, PageLimit, RecordedEvent,
};
use std::sync::Arc;

/// The feed under test with the store that fills it; both empty, of one partition at least
/// (`event_feed_partitions_suite!`: three).
#[derive(Clone)]
pub struct Feed {
    /// What fills the feed.
    pub store: Arc<dyn OrderStore>,
    /// What is under test.
    pub feed: Arc<dyn EventFeed>,
}

/// More events than any rule writes.
const ALL: usize = 100_000;
/// Writers at once.
pub(super) const WRITERS: u16 = 64;

impl Feed {
    pub(super) async fn read(&self, after: &FeedToken) -> Vec<RecordedEvent> {
        self.feed.read_after(after, ALL).await.unwrap()
    }

    pub(super) async fn all(&self) -> Vec<RecordedEvent> {
        self.read(&FeedToken::start()).await
    }

    pub(super) async fn head(&self) -> FeedToken {
        self.feed.head().await.unwrap()
    }
}

/// Checks that positions of each partition are 1, 2, 3 …, in the order in which they are read.
pub(super) fn assert_dense(events: &[RecordedEvent]) {
    let mut seen = FeedToken::start();
    for event in events {
        let expected = seen.offset(event.position.partition) + 1;
        assert_eq!(
            event.position.offset, expected,
            "partition {}",
            event.position.partition
        );
        seen.advance(event.position);
    }
}

/// An empty feed stands at the beginning and has nothing to read.
pub async fn an_empty_feed_stands_at_the_beginning(feed: Feed) {
    assert_eq!(feed.head().await.offset(0), 0);
    assert_eq!(feed.all().await, []);
    let head = feed.head().await;
    assert_eq!(feed.read(&head).await, []);
}

/// Positions are dense from 1, in the order of commits.
pub async fn positions_are_dense_in_commit_order(feed: Feed) {
    let desk = Desk::new();
    let mut expected = Vec::new();
    let first = desk.placed(&*feed.store, new_order()).await;
    expected.push((first.order_id, 1));
    for version in 2..=10 {
        let other = desk.placed(&*feed.store, new_order()).await;
        expected.push((other.order_id, 1));
        let now = feed.store.load(first.order_id).await.unwrap().unwrap();
        done(&*feed.store, desk.hold(&now, "A")).await;
        expected.push((first.order_id, version));
    }
    let all = feed.all().await;
    assert_dense(&all);
    let read: Vec<_> = all
        .iter()
        .map(|recorded| (recorded.event.order.order_id, recorded.event.version()))
        .collect();
    assert_eq!(read, expected);
}

/// With 64 writers at once positions stay dense, an order's events stay in order, and the events
/// of one change are neighbours.
pub async fn positions_are_dense_under_concurrent_writers(feed: Feed) {
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let store = Arc::clone(&feed.store);
        writers.push(tokio::spawn(async move {
            let desk = Desk::numbered(number);
            let mut neighbours = Vec::new();
            for n in 0..4 {
                let new = new_order()
                    .terms(PaymentTerms::Invoice)
                    .customer(&format!("c-{number}-{n}"));
                let order = desk.placed(&*store, new).await;
                let confirmed = desk
                    .recorded(&*store, &order, fact::reserved("res-1"))
                    .await;
                neighbours.push((order.order_id, 2, confirmed.version));
            }
            neighbours
        }));
    }
    let mut changes = Vec::new();
    for writer in writers {
        changes.extend(writer.await.unwrap());
    }
    let all = feed.all().await;
    assert_dense(&all);
    assert_eq!(feed.head().await.offset(0), all.len() as u64);
    for (order_id, first, last) in changes {
        let of_order: Vec<&RecordedEvent> = all
            .iter()
            .filter(|recorded| recorded.event.order.order_id == order_id)
            .collect();
        let versions: Vec<u64> = of_order
            .iter()
            .map(|recorded| recorded.event.version())
            .collect();
        assert_eq!(versions, (1..=last).collect::<Vec<_>>());
        let of_change = of_order
            .iter()
            .filter(|recorded| recorded.event.version() >= first);
        let offsets: Vec<u64> = of_change.map(|recorded| recorded.position.offset).collect();
        assert!(
            offsets.len() >= 2 && offsets.windows(2).all(|pair| pair[0] + 1 == pair[1]),
            "{offsets:?}"
        );
    }
}

/// A reader that follows while many write sees every event once, without a gap.
pub async fn a_follower_sees_every_event_once(feed: Feed) {
    let (follower, total) = (feed.clone(), usize::from(WRITERS) * 4);
    let reader = tokio::spawn(async move {
        let mut seen: Vec<RecordedEvent> = Vec::new();
        let mut after = FeedToken::start();
        while seen.len() < total {
            follower.feed.wait_beyond(&after).await.unwrap();
            for event in follower.feed.read_after(&after, 7).await.unwrap() {
                let expected = after.offset(0) + 1;
                assert_eq!(event.position.offset, expected, "the next position");
                after.advance(event.position);
                seen.push(event);
            }
        }
        seen
    });
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let store = Arc::clone(&feed.store);
        writers.push(tokio::spawn(async move {
            let desk = Desk::numbered(number);
            for _ in 0..4 {
                desk.placed(&*store, new_order()).await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let seen = reader.await.unwrap();
    assert_dense(&seen);
    assert_eq!(seen, feed.all().await);
}

/// An event is readable as soon as its commit was acknowledged, and the head stands at it.
pub async fn an_event_is_readable_once_acknowledged(feed: Feed) {
    let desk = Desk::new();
    for n in 1..=20 {
        let before = feed.head().await;
        let change = desk.place(new_order());
        let order = order_of(&change);
        done(&*feed.store, change).await;
        let read = feed.read(&before).await;
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].event.order, order);
        assert_eq!(
            read[0].position,
            FeedPosition {
                partition: 0,
                offset: n
            }
        );
        assert_eq!(feed.head().await.offset(0), n);
    }
}

/// Reading goes on after any position, `limit` events at most.
pub async fn reading_goes_on_after_any_position(feed: Feed) {
    let desk = Desk::new();
    for _ in 0..25 {
        desk.placed(&*feed.store, new_order()).await;
    }
    let all = feed.all().await;
    for after in 0..=25_usize {
        let token = if after == 0 {
            FeedToken::start()
        } else {
            FeedToken::at(all[after - 1].position)
        };
        for limit in [1, 3, 25, 26] {
            let read = feed.feed.read_after(&token, limit).await.unwrap();
            let end = (after + limit).min(25);
            assert_eq!(read, all[after..end], "after {after}, limit {limit}");
        }
    }
}

/// The feed and the histories of orders tell the same events at the same positions.
pub async fn the_feed_is_the_history(feed: Feed) {
    let desk = Desk::new();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let order = desk
            .placed(
                &*feed.store,
                new_order().terms(PaymentTerms::Invoice).lines(2),
            )
            .await;
        let order = desk
            .recorded(&*feed.store, &order, fact::reserved("res-1"))
            .await;
        desk.recorded(&*feed.store, &order, fact::shipped_all(&order, "parcel-1"))
            .await;
        ids.push(order.order_id);
    }
    let mut of_orders = Vec::new();
    for order_id in ids {
        of_orders.extend(feed.store.history(order_id, 0, ALL).await.unwrap());
    }
    of_orders.sort_by_key(|recorded| recorded.position);
    assert_eq!(feed.all().await, of_orders);
}

/// Only what is `Done` writes events: no replay, no conflict, no parking and no remembering does.
pub async fn only_done_changes_write_events(feed: Feed) {
    let desk = Desk::new();
    let place = desk.place(new_order());
    let request = crate::desk::request_of(&place);
    let order = done(&*feed.store, place).await;
    let held = done(&*feed.store, desk.hold(&order, "A")).await;
    let before = feed.all().await;
    let replay = with_request(desk.place(new_order()), request);
    let remember = Change::Remember {
        order_id: order.order_id,
        version: held.version,
        fact: desk.fact_record(),
    };
    let park = desk.park(
        OrderRef::External("later".to_owned()),
        fact::reserved("res-1"),
    );
    for change in [replay, desk.hold(&order, "STALE"), remember, park] {
        feed.store.commit(change).await.unwrap();
    }
    assert_eq!(feed.all().await, before);
    desk.placed(&*feed.store, new_order()).await;
    assert_dense(&feed.all().await);
}

/// A position ahead of the feed was given by another store.
pub async fn a_position_ahead_of_the_feed_is_refused(feed: Feed) {
    let desk = Desk::new();
    desk.placed(&*feed.store, new_order()).await;
    for offsets in [vec![2], vec![i64::MAX.unsigned_abs()]] {
        let ahead = FeedToken::new(offsets);
        match feed.feed.read_after(&ahead, ALL).await {
            Err(FeedError::Ahead { newest }) => assert_eq!(newest.offset(0), 1),
            other => panic!("expected Ahead, got {other:?}"),
        }
    }
}

/// One partition is read in pages that are bounded in events and in bytes, and hold one event at least.
pub async fn a_partition_is_read_in_bounded_pages(feed: Feed) {
    let desk = Desk::new();
    for lines in [1, 200, 1, 1, 300, 1, 1, 1] {
        desk.placed(&*feed.store, new_order().lines(lines)).await;
    }
    let all = feed.all().await;
    for (events, bytes, most) in [(3, usize::MAX, 3), (8, 1, 1), (8, 5_000, 7), (1, 0, 1)] {
        let limit = PageLimit { events, bytes };
        let (mut read, mut offset) = (Vec::new(), 0);
        loop {
            let partition = 0;
            let after = FeedPosition { partition, offset };
            let page = feed.feed.read_partition(after, limit).await.unwrap();
            assert!(page.len() <= most, "{limit:?}: {} at once", page.len());
            let Some(last) = page.last() else { break };
            offset = last.position.offset;
            read.extend(page);
        }
        assert_eq!(read, all, "{limit:?}");
    }
    let after = FeedPosition {
        partition: 0,
        offset: all.len() as u64 + 1,
    };
    let limit = PageLimit {
        events: 1,
        bytes: 1,
    };
    let ahead = feed.feed.read_partition(after, limit).await;
    assert!(matches!(ahead, Err(FeedError::Ahead { .. })), "{ahead:?}");
    let unused = FeedPosition {
        partition: 9,
        offset: 0,
    };
    let none = feed.feed.read_partition(unused, limit).await;
    assert_eq!(none, Ok(Vec::new()));
}
