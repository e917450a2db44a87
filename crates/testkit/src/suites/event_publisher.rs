//! The rules of [`EventPublisher`].

use crate::{Desk, new_order};
use async_trait::async_trait;
use order_core::domain::EventData;
use order_core::ports::{
    Cursor, EventPublisher, FeedPosition, PublishError, RecordedEvent, StoreId,
};
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

/// The store whose feed is published.
const STORE: StoreId = StoreId(0x0193_29c3_7d35_4a11_8f30_2f6e_d4c2_a9d1);

fn cursor(offset: u64, event: Option<String>) -> Cursor {
    let store = STORE;
    Cursor {
        offset,
        store,
        event,
    }
}

/// Takes the partition over, writes the first cursor where there is none, and tells where it stands.
async fn taken(publisher: &dyn EventPublisher, partition: u16) -> Result<u64, PublishError> {
    if let Some(cursor) = publisher.take_over(partition).await? {
        return Ok(cursor.offset);
    }
    publisher.set_cursor(partition, cursor(0, None)).await?;
    Ok(0)
}

async fn publish(
    publisher: &dyn EventPublisher,
    events: &[RecordedEvent],
) -> Result<(), PublishError> {
    let partition = events.first().map_or(0, |event| event.position.partition);
    publisher.publish(partition, events.to_vec()).await
}

fn ids(events: &[RecordedEvent]) -> Vec<String> {
    events.iter().map(|recorded| recorded.event.id()).collect()
}

/// A partition to which nothing was published has no cursor, and takes no event before it has one.
pub async fn a_new_partition_has_no_cursor(bench: Bench) {
    let publisher = bench.publisher().await;
    assert_eq!(publisher.look(0).await, Ok(None));
    assert_eq!(publisher.take_over(0).await, Ok(None));
    let refused = publish(&*publisher, &events(0, 1)).await;
    assert_eq!(refused, Err(PublishError::NoCursor { partition: 0 }));
    assert_eq!(publisher.take_over(0).await, Ok(None));
    assert_eq!(publisher.take_over(3).await, Ok(None));
    assert_eq!(bench.published(0).await, [] as [String; 0]);
}

/// A cursor is there for whoever comes next, with its store and event; it publishes nothing.
pub async fn a_cursor_that_is_set_stands(bench: Bench) {
    let publisher = bench.publisher().await;
    for cursor in [
        cursor(0, None),
        cursor(7, Some("an-order/3".to_owned())),
        cursor(2, None),
    ] {
        publisher.take_over(1).await.unwrap();
        assert_eq!(publisher.set_cursor(1, cursor.clone()).await, Ok(()));
        let other = bench.publisher().await;
        assert_eq!(other.look(1).await, Ok(Some(cursor.clone())));
        assert_eq!(other.take_over(1).await, Ok(Some(cursor)));
    }
    assert_eq!(bench.publisher().await.look(0).await, Ok(None));
    assert_eq!(bench.published(1).await, [] as [String; 0]);
}

/// Looking fences nobody; letting go ends the hold.
pub async fn a_look_fences_nobody(bench: Bench) {
    let (holder, other) = (bench.publisher().await, bench.publisher().await);
    let all = events(0, 4);
    assert_eq!(taken(&*holder, 0).await, Ok(0));
    assert_eq!(publish(&*holder, &all[..2]).await, Ok(()));
    let last = cursor(2, Some(all[1].event.id()));
    assert_eq!(other.look(0).await, Ok(Some(last)));
    assert_eq!(publish(&*holder, &all[2..]).await, Ok(()));
    holder.let_go(0).await;
    let refused = publish(&*holder, &all[..1]).await;
    assert_eq!(refused, Err(PublishError::Fenced { partition: 0 }));
    assert_eq!(taken(&*holder, 0).await, Ok(4));
    assert_eq!(bench.published(0).await, ids(&all));
}

/// What is published is seen once and in order, and the cursor stands after it.
pub async fn events_are_published_once_and_in_order(bench: Bench) {
    let publisher = bench.publisher().await;
    let all = events(0, 30);
    assert_eq!(taken(&*publisher, 0).await, Ok(0));
    for part in all.chunks(7) {
        assert_eq!(publish(&*publisher, part).await, Ok(()));
    }
    assert_eq!(bench.published(0).await, ids(&all));
    assert_eq!(taken(&*publisher, 0).await, Ok(30));
    assert_eq!(taken(&*bench.publisher().await, 0).await, Ok(30));
}

/// Publishing nothing does nothing.
pub async fn publishing_nothing_does_nothing(bench: Bench) {
    let publisher = bench.publisher().await;
    assert_eq!(taken(&*publisher, 0).await, Ok(0));
    assert_eq!(publish(&*publisher, &[]).await, Ok(()));
    assert_eq!(taken(&*publisher, 0).await, Ok(0));
}

/// Once a new holder knows the cursor, no earlier one publishes any more, until it takes over itself.
pub async fn an_earlier_holder_is_fenced(bench: Bench) {
    let (old, new) = (bench.publisher().await, bench.publisher().await);
    let all = events(0, 6);
    assert_eq!(taken(&*old, 0).await, Ok(0));
    assert_eq!(publish(&*old, &all[..2]).await, Ok(()));
    assert_eq!(taken(&*new, 0).await, Ok(2));
    assert_eq!(
        publish(&*old, &all[2..4]).await,
        Err(PublishError::Fenced { partition: 0 })
    );
    assert_eq!(
        bench.published(0).await,
        ids(&all[..2]),
        "a fenced holder publishes nothing"
    );
    assert_eq!(publish(&*new, &all[2..4]).await, Ok(()));
    assert_eq!(
        publish(&*old, &all[4..]).await,
        Err(PublishError::Fenced { partition: 0 })
    );
    assert_eq!(taken(&*old, 0).await, Ok(4));
    assert_eq!(publish(&*old, &all[4..]).await, Ok(()));
    assert_eq!(
        publish(&*new, &all[4..]).await,
        Err(PublishError::Fenced { partition: 0 })
    );
    assert_eq!(bench.published(0).await, ids(&all));
}

/// A gap or a repetition is refused and publishes nothing; what comes next is still welcome.
pub async fn a_gap_or_a_repetition_publishes_nothing(bench: Bench) {
    let publisher = bench.publisher().await;
    let all = events(0, 9);
    assert_eq!(taken(&*publisher, 0).await, Ok(0));
    assert_eq!(publish(&*publisher, &all[..3]).await, Ok(()));
    let holed: Vec<RecordedEvent> = [&all[3..5], &all[6..]].concat();
    let turned: Vec<RecordedEvent> = vec![all[4].clone(), all[3].clone()];
    for (wrong, why) in [
        (&all[4..6], "a gap"),
        (&all[2..4], "a repetition"),
        (&all[..3], "the same once more"),
        (&holed[..], "a hole inside"),
        (&turned[..], "turned round"),
    ] {
        assert_eq!(taken(&*publisher, 0).await, Ok(3), "before {why}");
        let refused = publish(&*publisher, wrong).await;
        assert!(
            matches!(refused, Err(PublishError::OutOfOrder { .. })),
            "{why}: {refused:?}"
        );
        assert_eq!(bench.published(0).await, ids(&all[..3]), "{why}");
    }
    let refused = publish(&*publisher, &all[5..]).await;
    let got = all[5].position;
    assert_eq!(refused, Err(PublishError::OutOfOrder { got, expected: 4 }));
    assert_eq!(taken(&*publisher, 0).await, Ok(3));
    assert_eq!(publish(&*publisher, &all[3..]).await, Ok(()));
    assert_eq!(bench.published(0).await, ids(&all));
}

/// Partitions have cursors and holders of their own.
pub async fn partitions_stand_apart(bench: Bench) {
    let (a, b) = (bench.publisher().await, bench.publisher().await);
    let (zero, one) = (events(0, 4), events(1, 2));
    assert_eq!(taken(&*a, 0).await, Ok(0));
    assert_eq!(taken(&*b, 1).await, Ok(0));
    assert_eq!(publish(&*a, &zero[..2]).await, Ok(()));
    assert_eq!(publish(&*b, &one).await, Ok(()));
    assert_eq!(
        publish(&*a, &zero[2..]).await,
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
                let Ok(cursor) = taken(&*publisher, 0).await else {
                    continue;
                };
                let next = usize::try_from(cursor).unwrap();
                if next == all.len() {
                    return;
                }
                let end = (next + 5).min(all.len());
                let _ = publish(&*publisher, &all[next..end]).await;
                tokio::task::yield_now().await;
            }
        }));
    }
    for rival in rivals {
        rival.await.unwrap();
    }
    assert_eq!(bench.published(0).await, ids(&all));
}
