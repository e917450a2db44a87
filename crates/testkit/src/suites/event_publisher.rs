//! The rules of [`EventPublisher`].

use crate::{Desk, new_order};
use async_trait::async_trait;
use order_core::domain::EventData;
use order_core::ports::{EventPublisher, FeedPosition, PublishError, RecordedEvent};
use std::sync::Arc;

/// An empty broker with as many publishers as a rule asks for.
#[async_trait]
pub trait Broker: Send + Sync {
    /// A new publisher to this broker, as another replica has one.
    async fn publisher(&self) -> Arc<dyn EventPublisher>;

    /// Ids of the events that a consumer of `partition` sees, committed ones alone, in its order.
    async fn published(&self, partition: u16) -> Vec<String>;
}

/// The broker under test.
pub type Bench = Arc<dyn Broker>;

/// `count` events of one order, at the positions after 0.
fn events(partition: u16, count: usize) -> Vec<RecordedEvent> {
    let desk = Desk::numbered(partition);
    let mut order = desk.order(new_order());
    order.version = 0;
    let mut events = Vec::new();
    for offset in (1..).take(count) {
        let event = desk.event(order, EventData::Placed);
        order = order_core::domain::Order::clone(&event.order);
        events.push(RecordedEvent {
            position: FeedPosition { partition, offset },
            event,
        });
    }
    events
}

fn ids(events: &[RecordedEvent]) -> Vec<String> {
    events.iter().map(|recorded| recorded.event.id()).collect()
}

/// A partition to which nothing was published stands at 0.
pub async fn a_new_partition_stands_at_zero(bench: Bench) {
    let publisher = bench.publisher().await;
    assert_eq!(publisher.cursor(0).await, Ok(0));
    assert_eq!(publisher.cursor(3).await, Ok(0));
    assert_eq!(bench.published(0).await, [] as [String; 0]);
}

/// What is published is seen once and in order, and the cursor stands after it.
pub async fn events_are_published_once_and_in_order(bench: Bench) {
    let publisher = bench.publisher().await;
    let all = events(0, 30);
    assert_eq!(publisher.cursor(0).await, Ok(0));
    for part in all.chunks(7) {
        assert_eq!(publisher.publish(part).await, Ok(()));
    }
    assert_eq!(bench.published(0).await, ids(&all));
    assert_eq!(publisher.cursor(0).await, Ok(30));
    assert_eq!(bench.publisher().await.cursor(0).await, Ok(30));
}

/// Publishing nothing does nothing.
pub async fn publishing_nothing_does_nothing(bench: Bench) {
    let publisher = bench.publisher().await;
    assert_eq!(publisher.cursor(0).await, Ok(0));
    assert_eq!(publisher.publish(&[]).await, Ok(()));
    assert_eq!(publisher.cursor(0).await, Ok(0));
}

/// Once a new holder knows the cursor, no earlier one publishes any more, until it takes over itself.
pub async fn an_earlier_holder_is_fenced(bench: Bench) {
    let (old, new) = (bench.publisher().await, bench.publisher().await);
    let all = events(0, 6);
    assert_eq!(old.cursor(0).await, Ok(0));
    assert_eq!(old.publish(&all[..2]).await, Ok(()));
    assert_eq!(new.cursor(0).await, Ok(2));
    assert_eq!(
        old.publish(&all[2..4]).await,
        Err(PublishError::Fenced { partition: 0 })
    );
    assert_eq!(
        bench.published(0).await,
        ids(&all[..2]),
        "a fenced holder publishes nothing"
    );
    assert_eq!(new.publish(&all[2..4]).await, Ok(()));
    assert_eq!(
        old.publish(&all[4..]).await,
        Err(PublishError::Fenced { partition: 0 })
    );
    assert_eq!(old.cursor(0).await, Ok(4));
    assert_eq!(old.publish(&all[4..]).await, Ok(()));
    assert_eq!(
        new.publish(&all[4..]).await,
        Err(PublishError::Fenced { partition: 0 })
    );
    assert_eq!(bench.published(0).await, ids(&all));
}

/// A gap or a repetition is refused and publishes nothing; what comes next is still welcome.
pub async fn a_gap_or_a_repetition_publishes_nothing(bench: Bench) {
    let publisher = bench.publisher().await;
    let all = events(0, 9);
    assert_eq!(publisher.cursor(0).await, Ok(0));
    assert_eq!(publisher.publish(&all[..3]).await, Ok(()));
    let holed: Vec<RecordedEvent> = [&all[3..5], &all[6..]].concat();
    let turned: Vec<RecordedEvent> = vec![all[4].clone(), all[3].clone()];
    for (wrong, why) in [
        (&all[4..6], "a gap"),
        (&all[2..4], "a repetition"),
        (&all[..3], "the same once more"),
        (&holed[..], "a hole inside"),
        (&turned[..], "turned round"),
    ] {
        assert_eq!(publisher.cursor(0).await, Ok(3), "before {why}");
        let refused = publisher.publish(wrong).await;
        assert!(
            matches!(refused, Err(PublishError::OutOfOrder { .. })),
            "{why}: {refused:?}"
        );
        assert_eq!(bench.published(0).await, ids(&all[..3]), "{why}");
    }
    let refused = publisher.publish(&all[5..]).await;
    let got = all[5].position;
    assert_eq!(refused, Err(PublishError::OutOfOrder { got, expected: 4 }));
    assert_eq!(publisher.cursor(0).await, Ok(3));
    assert_eq!(publisher.publish(&all[3..]).await, Ok(()));
    assert_eq!(bench.published(0).await, ids(&all));
}

/// Partitions have cursors and holders of their own.
pub async fn partitions_stand_apart(bench: Bench) {
    let (a, b) = (bench.publisher().await, bench.publisher().await);
    let (zero, one) = (events(0, 4), events(1, 2));
    assert_eq!(a.cursor(0).await, Ok(0));
    assert_eq!(b.cursor(1).await, Ok(0));
    assert_eq!(a.publish(&zero[..2]).await, Ok(()));
    assert_eq!(b.publish(&one).await, Ok(()));
    assert_eq!(
        a.publish(&zero[2..]).await,
        Ok(()),
        "who takes another partition fences nobody here"
    );
    assert_eq!(bench.published(0).await, ids(&zero));
    assert_eq!(bench.published(1).await, ids(&one));
}

/// Replicas that take a partition from each other all the time publish every event once.
pub async fn rivals_publish_every_event_once(bench: Bench) {
    let all = Arc::new(events(0, 60));
    let mut rivals = Vec::new();
    for _ in 0..4 {
        let (publisher, all) = (bench.publisher().await, Arc::clone(&all));
        rivals.push(tokio::spawn(async move {
            loop {
                // Whatever went wrong, the cursor tells where to go on.
                let Ok(cursor) = publisher.cursor(0).await else {
                    continue;
                };
                let next = usize::try_from(cursor).unwrap();
                if next == all.len() {
                    return;
                }
                let end = (next + 5).min(all.len());
                let _ = publisher.publish(&all[next..end]).await;
                tokio::task::yield_now().await;
            }
        }));
    }
    for rival in rivals {
        rival.await.unwrap();
    }
    assert_eq!(bench.published(0).await, ids(&all));
}
