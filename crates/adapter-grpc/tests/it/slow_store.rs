//! A store that answers when the test says so, and ports that never answer or panic.

use async_trait::async_trait;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Committed, Due, EventFeed, FeedError, FeedPosition, FeedToken, ListQuery, OrderStore,
    PageLimit, ParkedFact, RecordedEvent, StoreError, StoredFact, StoredRequest,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::fakes::MemoryStore;
use tokio::sync::Semaphore;

/// Commits wait at a gate, in a task of their own as a batcher's do: a caller that goes away leaves
/// its commit behind.
#[derive(Clone)]
pub(crate) struct SlowStore {
    pub(crate) inner: MemoryStore,
    pub(crate) gate: Arc<Semaphore>,
}

impl SlowStore {
    pub(crate) fn new(inner: MemoryStore) -> SlowStore {
        SlowStore {
            inner,
            gate: Arc::new(Semaphore::new(0)),
        }
    }
}

#[async_trait]
impl OrderStore for SlowStore {
    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        let SlowStore { inner, gate } = self.clone();
        let commit = tokio::spawn(async move {
            let _passed = gate.acquire().await.unwrap();
            inner.commit(change).await
        });
        commit.await.unwrap()
    }

    async fn load(&self, order_id: OrderId) -> Result<Option<Arc<Order>>, StoreError> {
        self.inner.load(order_id).await
    }

    async fn load_at(&self, id: OrderId, version: u64) -> Result<Option<Arc<Order>>, StoreError> {
        self.inner.load_at(id, version).await
    }

    async fn load_external(&self, external_id: &str) -> Result<Option<Arc<Order>>, StoreError> {
        self.inner.load_external(external_id).await
    }

    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError> {
        self.inner.find_request(key).await
    }

    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        self.inner.find_fact(key).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        self.inner.list(query).await
    }

    async fn history(
        &self,
        order_id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.inner.history(order_id, after_version, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        self.inner.due(limit).await
    }

    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        self.inner.parked_ready(limit).await
    }

    async fn parked_for(&self, id: OrderId, limit: usize) -> Result<Vec<ParkedFact>, StoreError> {
        self.inner.parked_for(id, limit).await
    }

    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.inner.bury_parked(before, limit).await
    }
}

/// A feed that never answers, or panics.
pub(crate) struct BadFeed {
    pub(crate) panics: bool,
}

#[async_trait]
impl EventFeed for BadFeed {
    async fn read_after(&self, _: &FeedToken, _: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        assert!(!self.panics, "the feed is broken");
        std::future::pending().await
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        std::future::pending().await
    }

    async fn wait_beyond(&self, _: &FeedToken) -> Result<(), FeedError> {
        std::future::pending().await
    }

    async fn read_partition(
        &self,
        _: FeedPosition,
        _: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        std::future::pending().await
    }

    async fn wait_in_partition(&self, _: FeedPosition) -> Result<(), FeedError> {
        std::future::pending().await
    }
}

/// The store's feed; counts the events that are read.
pub(crate) struct CountingFeed {
    pub(crate) inner: MemoryStore,
    pub(crate) read: Arc<AtomicUsize>,
}

#[async_trait]
impl EventFeed for CountingFeed {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        let events = self.inner.read_after(after, limit).await?;
        self.read.fetch_add(events.len(), Ordering::SeqCst);
        Ok(events)
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        self.inner.head().await
    }

    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError> {
        self.inner.wait_beyond(after).await
    }

    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.inner.read_partition(after, limit).await
    }

    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError> {
        self.inner.wait_in_partition(after).await
    }
}
