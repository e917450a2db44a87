//! The rules of publishing the feed, on the fakes.

use async_trait::async_trait;
use order_core::app::{FeedPublisher, Halt, Publishing, Standstill, resume_after};
use order_core::ports::{
    Cursor, EventFeed, EventPublisher, FeedLeases, FeedPosition, Lease, PublishError,
    RecordedEvent, ReplicaId, StoreError, StoreId,
};
use std::sync::Arc;
use std::time::Duration;
use testkit::desk::done;
use testkit::fakes::{MemoryBroker, MemoryPublisher, MemoryStore};
use testkit::{Desk, new_order};

const LEASE: Duration = Duration::from_mins(5);

struct House {
    store: MemoryStore,
    broker: MemoryBroker,
    desk: Desk,
}

impl House {
    /// A store with so many events, and a broker that knows nothing of it.
    async fn of(events: usize) -> House {
        let house = House {
            store: MemoryStore::new(),
            broker: MemoryBroker::new(),
            desk: Desk::new(),
        };
        house.grow(events).await;
        house
    }

    async fn grow(&self, events: usize) {
        for _ in 0..events {
            done(&self.store, self.desk.place_in(0, new_order())).await;
        }
    }

    fn replica(&self, number: u128) -> FeedPublisher {
        let store = Arc::new(self.store.clone());
        let publisher = Arc::new(self.broker.publisher());
        FeedPublisher::new(store.clone(), publisher, store, ReplicaId(number))
    }

    async fn lease(&self, number: u128) -> Lease {
        self.store
            .keep(ReplicaId(number), LEASE)
            .await
            .unwrap()
            .leases[0]
    }

    async fn take_over(&self) -> Result<Publishing, Standstill> {
        self.replica(1).take_over(self.lease(1).await).await
    }

    async fn publish_all(&self) -> Result<Publishing, Standstill> {
        let mut publishing = self.take_over().await?;
        while publishing.publish_next().await? > 0 {}
        Ok(publishing)
    }

    async fn publish_all_by(&self, number: u128) {
        let lease = self.lease(number).await;
        let mut publishing = self.replica(number).take_over(lease).await.unwrap();
        while publishing.publish_next().await.unwrap() > 0 {}
    }

    /// Every event of the feed was published, once and in order.
    async fn check(&self) {
        let start = order_core::ports::FeedToken::start();
        let all = self.store.read_after(&start, usize::MAX).await.unwrap();
        assert!(!all.is_empty());
        assert_eq!(self.broker.published(0), all);
    }

    async fn halt(&self) -> Halt {
        match self.publish_all().await {
            Err(Standstill::Halted(halt)) => halt,
            other => panic!("expected a halt: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_partition_that_was_never_published_begins_and_goes_on() {
    let house = House::of(7).await;
    let mut publishing = house.publish_all().await.unwrap();
    house.grow(5).await;
    publishing.wait().await.unwrap();
    assert_eq!(publishing.publish_next().await, Ok(5));
    assert_eq!(
        (publishing.publish_next().await, publishing.cursor()),
        (Ok(0), 12)
    );
    house.check().await;
    let records = house.store.partitions().await.unwrap();
    assert_eq!(
        records[0].published,
        Some(0),
        "noted before anything was published"
    );
}

#[tokio::test]
async fn more_than_one_transaction_takes_is_published_in_several() {
    let house = House::of(12_345).await;
    let mut publishing = house.take_over().await.unwrap();
    let mut counts = Vec::new();
    while let count @ 1.. = publishing.publish_next().await.unwrap() {
        counts.push(count);
    }
    assert_eq!(counts, [5_000, 5_000, 2_345]);
    house.check().await;
}

#[tokio::test]
async fn a_cursor_that_was_lost_halts_and_an_operator_lets_it_go_on() {
    let house = House::of(9).await;
    house.publish_all().await.unwrap();
    // The next take-over notes how far it has come.
    house.publish_all().await.unwrap();
    house.broker.put_cursor(0, None);
    house.grow(3).await;
    let partition = 0;
    assert_eq!(
        house.halt().await,
        Halt::CursorLost {
            partition,
            known: 9
        }
    );
    assert_eq!(
        house.halt().await,
        Halt::CursorLost {
            partition,
            known: 9
        },
        "never from 0"
    );
    let at = |offset| FeedPosition { partition, offset };
    let resume = async |offset| {
        let publisher = house.broker.publisher();
        resume_after(&house.store, &publisher, &house.store, at(offset)).await
    };
    let ahead = Halt::CursorAhead {
        partition,
        offset: 13,
        head: 12,
    };
    assert_eq!(resume(13).await, Err(ahead.into()));
    assert_eq!(resume(9).await, Ok(None));
    house.publish_all().await.unwrap();
    house.check().await;
    // Back to an earlier place: what is above it is published once more, since the operator says so.
    assert_eq!(resume(10).await.unwrap().unwrap().offset, 12);
    house.publish_all().await.unwrap();
    assert_eq!(house.broker.published(0).len(), 14);
}

#[tokio::test]
async fn a_cursor_that_does_not_fit_the_store_halts() {
    let house = House::of(9).await;
    house.publish_all().await.unwrap();
    house.publish_all().await.unwrap();
    let store = house.store.store_id().await.unwrap();
    let look = house.broker.publisher();
    let good = EventPublisher::look(&look, 0).await.unwrap().unwrap();
    assert_eq!((good.offset, good.store), (9, store));
    let put = |cursor: Cursor| house.broker.put_cursor(0, Some(cursor));
    let theirs = StoreId(7);
    put(Cursor {
        store: theirs,
        ..good.clone()
    });
    let (partition, ours) = (0, store);
    assert_eq!(
        house.halt().await,
        Halt::OtherStore {
            partition,
            theirs,
            ours
        }
    );
    put(Cursor {
        offset: 10,
        ..good.clone()
    });
    assert!(matches!(
        house.halt().await,
        Halt::CursorAhead {
            offset: 10,
            head: 9,
            ..
        }
    ));
    put(Cursor {
        offset: 8,
        event: None,
        ..good.clone()
    });
    assert!(matches!(
        house.halt().await,
        Halt::CursorBehind {
            offset: 8,
            known: 9,
            ..
        }
    ));
    put(Cursor {
        event: Some("another/1".to_owned()),
        ..good.clone()
    });
    assert!(matches!(
        house.halt().await,
        Halt::OtherHistory { offset: 9, .. }
    ));
    put(good);
    house.grow(1).await;
    house.publish_all().await.unwrap();
    house.check().await;
}

#[tokio::test]
async fn events_that_are_no_longer_kept_halt() {
    let house = House::of(9).await;
    house.store.forget_before(FeedPosition {
        partition: 0,
        offset: 5,
    });
    assert!(matches!(
        house.halt().await,
        Halt::Forgotten {
            offset: 0,
            oldest: 4,
            ..
        }
    ));
}

#[tokio::test]
async fn errors_end_a_take_over_and_the_next_goes_on_from_the_cursor() {
    let house = House::of(9).await;
    let mut publishing = house.take_over().await.unwrap();
    house.broker.set_away(Some("gone"));
    let away = Err(Standstill::Publish(PublishError::Unavailable {
        detail: "gone".to_owned(),
    }));
    assert_eq!(publishing.publish_next().await, away);
    house.broker.set_away(None);
    let failed = StoreError::Unavailable {
        detail: "the store".to_owned(),
    };
    house.store.fail_next(failed.clone());
    assert_eq!(
        publishing.publish_next().await,
        Err(Standstill::Store(failed))
    );
    house.publish_all().await.unwrap();
    house.check().await;
}

#[tokio::test]
async fn who_lost_the_lease_fences_nobody() {
    let house = House::of(9).await;
    let before = house.lease(1).await;
    let mut old = house.replica(1).take_over(before).await.unwrap();
    assert_eq!(house.store.leave(ReplicaId(1)).await, Ok(()));
    let lease = house.lease(2).await;
    let mut new = house.replica(2).take_over(lease).await.unwrap();
    let fenced = PublishError::Fenced { partition: 0 };
    assert_eq!(old.publish_next().await, Err(Standstill::Publish(fenced)));
    let lost = house.replica(1).take_over(before).await;
    assert_eq!(lost.unwrap_err(), Standstill::LeaseLost);
    assert_eq!(new.publish_next().await, Ok(9), "it was not fenced");
    house.check().await;
}

/// Just when the partition was taken over here, another replica gets the lease and takes it over too.
struct Overtaken {
    inner: MemoryPublisher,
    store: MemoryStore,
    other: FeedPublisher,
}

#[async_trait]
impl EventPublisher for Overtaken {
    async fn take_over(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        let found = self.inner.take_over(partition).await;
        self.store.leave(ReplicaId(1)).await.unwrap();
        let kept = self.store.keep(ReplicaId(2), LEASE).await.unwrap();
        self.other.take_over(kept.leases[0]).await.unwrap();
        found
    }

    async fn set_cursor(&self, partition: u16, cursor: Cursor) -> Result<(), PublishError> {
        self.inner.set_cursor(partition, cursor).await
    }

    async fn publish(
        &self,
        partition: u16,
        events: Vec<RecordedEvent>,
    ) -> Result<(), PublishError> {
        self.inner.publish(partition, events).await
    }

    async fn let_go(&self, partition: u16) {
        self.inner.let_go(partition).await;
    }

    async fn look(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        self.inner.look(partition).await
    }
}

#[tokio::test]
async fn who_is_overtaken_while_it_takes_over_raises_no_alarm() {
    let house = House::of(9).await;
    let lease = house.lease(1).await;
    let overtaken = Overtaken {
        inner: house.broker.publisher(),
        store: house.store.clone(),
        other: house.replica(2),
    };
    let store = Arc::new(house.store.clone());
    let late = FeedPublisher::new(store.clone(), Arc::new(overtaken), store, ReplicaId(1));
    // No cursor was found, and by now one is noted: that is the other's, and not a loss.
    let fenced = PublishError::Fenced { partition: 0 };
    assert_eq!(
        late.take_over(lease).await.unwrap_err(),
        Standstill::Publish(fenced)
    );
    house.publish_all_by(2).await;
    house.check().await;
}
