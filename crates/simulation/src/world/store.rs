//! The store of one replica: the batchers of the real ones, and reads that take time and fail.

use super::replica::Life;
use super::writer::{Loader, Writer, away};
use super::{World, count};
use async_trait::async_trait;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, OrderRef, Timestamp};
use order_core::ports::{
    Change, Committed, Due, EventFeed, FeedError, FeedLeases, FeedPosition, FeedToken, Holding,
    Lease, ListQuery, OrderStore, PageLimit, ParkedFact, PartitionRecord, RecordedEvent, ReplicaId,
    StoreError, StoreId, StoredFact, StoredRequest,
};
use order_store::{Batchers, Bounds, Place, Progress};
use std::sync::Arc;
use std::time::Duration;

/// Small, so that bounds are met.
const BOUNDS: Bounds = Bounds {
    max_queued_changes: 24,
    max_queued_bytes: 1024 * 1024,
    max_batch_changes: 8,
    max_batch_bytes: 256 * 1024,
    max_queued_loads: 64,
    max_batch_loads: 16,
    commit_timeout: Duration::from_secs(4),
    read_timeout: Duration::from_secs(4),
};
/// Writers of one replica, as a real store may have.
const WRITERS: usize = 2;

/// The database as one replica reaches it.
pub(crate) struct SimStore {
    world: Arc<World>,
    life: Arc<Life>,
    batchers: Batchers<Writer, Loader>,
}

impl SimStore {
    pub(crate) fn start(world: Arc<World>, life: Arc<Life>) -> SimStore {
        let place = Place {
            name: "the world's database".to_owned(),
            behind_slow_commits: "the world",
            behind_slow_loads: "the world",
        };
        let writers = (0..WRITERS).map(|_| Writer::new(Arc::clone(&world), Arc::clone(&life)));
        let loaders = [Loader::new(Arc::clone(&world), Arc::clone(&life))];
        let batchers = Batchers::start(
            place,
            BOUNDS,
            Arc::new(Progress::default()),
            writers,
            loaders,
        )
        .expect("the bounds are valid, and there is a runtime");
        SimStore {
            world,
            life,
            batchers,
        }
    }

    /// Asks the database; what it answers may be lost on the way back, whatever it did.
    async fn ask<T>(
        &self,
        ask: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.life.way().await;
        if self.world.strikes(self.world.plan.rates.store_fails / 2) {
            count(&self.world.counts.failures);
            return Err(away("not reached"));
        }
        let answer = ask.await;
        self.life.way().await;
        if self.world.strikes(self.world.plan.rates.store_fails / 2) {
            count(&self.world.counts.failures);
            return Err(away("the answer was lost"));
        }
        answer
    }

    async fn ask_feed<T>(
        &self,
        ask: impl Future<Output = Result<T, FeedError>>,
    ) -> Result<T, FeedError> {
        self.ask(async { Ok(ask.await) }).await?
    }
}

#[async_trait]
impl OrderStore for SimStore {
    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.batchers.commit(change).await
    }
    async fn load(&self, id: OrderId) -> Result<Option<Arc<Order>>, StoreError> {
        self.batchers.load(OrderRef::Id(id)).await
    }
    async fn load_at(&self, id: OrderId, version: u64) -> Result<Option<Arc<Order>>, StoreError> {
        self.ask(self.world.database.load_at(id, version)).await
    }
    async fn load_external(&self, external_id: &str) -> Result<Option<Arc<Order>>, StoreError> {
        let order = OrderRef::External(external_id.to_owned());
        self.batchers.load(order).await
    }
    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError> {
        self.ask(self.world.database.find_request(key)).await
    }
    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        self.ask(self.world.database.find_fact(key)).await
    }
    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        self.ask(self.world.database.list(query)).await
    }
    async fn history(
        &self,
        id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.ask(self.world.database.history(id, after_version, limit))
            .await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.ask(OrderStore::now(&self.world.database)).await
    }
    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        self.ask(self.world.database.due(limit)).await
    }
    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        self.ask(self.world.database.parked_ready(limit)).await
    }
    async fn parked_for(&self, id: OrderId, limit: usize) -> Result<Vec<ParkedFact>, StoreError> {
        self.ask(self.world.database.parked_for(id, limit)).await
    }
    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.batchers.bury(before, limit).await
    }
}

#[async_trait]
impl EventFeed for SimStore {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.ask_feed(self.world.database.read_after(after, limit))
            .await
    }
    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.ask_feed(self.world.database.read_partition(after, limit))
            .await
    }
    async fn head(&self) -> Result<FeedToken, FeedError> {
        self.ask_feed(self.world.database.head()).await
    }
    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError> {
        self.ask_feed(self.world.database.wait_beyond(after)).await
    }
    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError> {
        self.ask_feed(self.world.database.wait_in_partition(after))
            .await
    }
}

#[async_trait]
impl FeedLeases for SimStore {
    async fn store_id(&self) -> Result<StoreId, StoreError> {
        self.ask(self.world.database.store_id()).await
    }
    async fn keep(&self, owner: ReplicaId, time: Duration) -> Result<Holding, StoreError> {
        self.ask(self.world.database.keep(owner, time)).await
    }
    async fn is_held(&self, owner: ReplicaId, lease: Lease) -> Result<bool, StoreError> {
        self.ask(self.world.database.is_held(owner, lease)).await
    }
    async fn release(&self, owner: ReplicaId, leases: &[Lease]) -> Result<(), StoreError> {
        self.ask(self.world.database.release(owner, leases)).await
    }
    async fn leave(&self, owner: ReplicaId) -> Result<(), StoreError> {
        self.ask(self.world.database.leave(owner)).await
    }
    async fn partitions(&self) -> Result<Vec<PartitionRecord>, StoreError> {
        self.ask(self.world.database.partitions()).await
    }
    async fn published(
        &self,
        owner: ReplicaId,
        lease: Lease,
        offset: u64,
    ) -> Result<(), StoreError> {
        self.ask(self.world.database.published(owner, lease, offset))
            .await
    }
    async fn restart(&self, partition: u16, offset: u64) -> Result<(), StoreError> {
        self.ask(self.world.database.restart(partition, offset))
            .await
    }
}
