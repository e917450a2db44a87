//! Two replicas on one database: the ports' contracts hold when every other call goes to the other.

use crate::history::History;
use crate::support::Database;
use adapter_postgres::PostgresStore;
use async_trait::async_trait;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Committed, Due, EventFeed, FeedError, FeedPosition, FeedToken, ListQuery, OrderStore,
    PageLimit, ParkedFact, RecordedEvent, StoreError, StoredFact, StoredRequest,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testkit::servers::Version;
use testkit::suites::event_feed::Feed;
use testkit::{Desk, new_order};

/// Two stores that take turns.
struct Pair {
    stores: [PostgresStore; 2],
    turn: AtomicUsize,
}

impl Pair {
    fn next(&self) -> &PostgresStore {
        &self.stores[self.turn.fetch_add(1, Ordering::SeqCst) % 2]
    }
}

async fn pair() -> (Database, Arc<Pair>) {
    let database = Database::shared(Version::Reference).await;
    let stores = [database.open().await, database.open().await];
    let turn = AtomicUsize::new(0);
    (database, Arc::new(Pair { stores, turn }))
}

async fn pair_store() -> (Database, Arc<dyn OrderStore>) {
    let (database, pair) = pair().await;
    (database, pair)
}

async fn pair_feed() -> (Database, Feed) {
    let (database, pair) = pair().await;
    let (store, feed) = (pair.clone(), pair);
    (database, Feed { store, feed })
}

mod store {
    testkit::order_store_suite!(super::pair_store);
}

mod feed {
    testkit::event_feed_suite!(super::pair_feed);
    testkit::event_feed_partitions_suite!(super::pair_feed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_under_load_make_one_dense_feed() {
    let (_database, pair) = pair().await;
    let history = Arc::new(History::default());
    let mut callers = history.begin(&pair.stores[0], 0);
    callers.extend(history.begin(&pair.stores[1], 1));
    while history.acks.load(Ordering::SeqCst) < 3_000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    history.end(callers).await;
    history.check(&pair.stores[0]).await;
    history.check(&pair.stores[1]).await;
}

#[tokio::test]
async fn a_commit_of_the_other_replica_wakes_who_waits_within_a_tenth_of_a_second() {
    /// Beyond what is promised, for a machine that is busy with other tests.
    const LATEST: Duration = Duration::from_millis(400);
    let (_database, pair) = pair().await;
    let [here, there] = &pair.stores;
    let desk = Desk::new();
    for _ in 0..10 {
        let before = here.head().await.unwrap();
        let waiting = async {
            while here.read_after(&before, 1).await.unwrap().is_empty() {
                here.wait_beyond(&before).await.unwrap();
            }
            Instant::now()
        };
        let placing = async {
            desk.placed(there, new_order()).await;
            Instant::now()
        };
        let (seen, placed) = tokio::join!(waiting, placing);
        let late = seen.saturating_duration_since(placed);
        assert!(late < LATEST, "{late:?}");
    }
}

#[async_trait]
impl OrderStore for Pair {
    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.next().commit(change).await
    }
    async fn load(&self, order_id: OrderId) -> Result<Option<Arc<Order>>, StoreError> {
        self.next().load(order_id).await
    }
    async fn load_at(&self, id: OrderId, version: u64) -> Result<Option<Arc<Order>>, StoreError> {
        self.next().load_at(id, version).await
    }
    async fn load_external(&self, external_id: &str) -> Result<Option<Arc<Order>>, StoreError> {
        self.next().load_external(external_id).await
    }
    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError> {
        self.next().find_request(key).await
    }
    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        self.next().find_fact(key).await
    }
    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        self.next().list(query).await
    }
    async fn history(
        &self,
        order_id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.next().history(order_id, after_version, limit).await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.next().now().await
    }

    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        self.next().due(limit).await
    }
    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        self.next().parked_ready(limit).await
    }
    async fn parked_for(&self, id: OrderId, limit: usize) -> Result<Vec<ParkedFact>, StoreError> {
        self.next().parked_for(id, limit).await
    }
    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.next().bury_parked(before, limit).await
    }
}

#[async_trait]
impl EventFeed for Pair {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.next().read_after(after, limit).await
    }
    async fn head(&self) -> Result<FeedToken, FeedError> {
        self.next().head().await
    }
    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError> {
        self.next().wait_beyond(after).await
    }

    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.next().read_partition(after, limit).await
    }

    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError> {
        self.next().wait_in_partition(after).await
    }
}
