//! The model test: it finds no difference where there is none, and finds one where there is.

use async_trait::async_trait;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Committed, Due, ListQuery, OrderStore, ParkedFact, RecordedEvent, StoreError,
    StoredFact, StoredRequest,
};
use std::sync::Arc;
use testkit::fakes::MemoryStore;
use testkit::suites::event_feed::Feed;

fn feed(store: MemoryStore) -> Feed {
    Feed {
        store: Arc::new(store.clone()),
        feed: Arc::new(store),
    }
}

#[test]
fn a_store_equals_itself() {
    testkit::model::run(300, async || ((), feed(MemoryStore::new())));
}

/// A store that forgets to say that facts wait.
struct Forgetful(MemoryStore);

#[test]
#[should_panic(expected = "the reference answers")]
fn a_store_that_forgets_is_found_out() {
    testkit::model::run(300, async || {
        let store = MemoryStore::new();
        (
            (),
            Feed {
                store: Arc::new(Forgetful(store.clone())),
                feed: Arc::new(store),
            },
        )
    });
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl OrderStore for Forgetful {
    async fn commit(&self, change: Change) -> Answer<Committed> {
        let committed = self.0.commit(change).await?;
        let done = matches!(committed, Committed::Done { .. });
        Ok(if done {
            Committed::Done {
                facts_waiting: false,
            }
        } else {
            committed
        })
    }

    async fn load(&self, order_id: OrderId) -> Answer<Option<Arc<Order>>> {
        self.0.load(order_id).await
    }

    async fn load_at(&self, order_id: OrderId, version: u64) -> Answer<Option<Arc<Order>>> {
        self.0.load_at(order_id, version).await
    }

    async fn load_external(&self, external_id: &str) -> Answer<Option<Arc<Order>>> {
        self.0.load_external(external_id).await
    }

    async fn find_request(&self, key: IdempotencyKey) -> Answer<Option<StoredRequest>> {
        self.0.find_request(key).await
    }

    async fn find_fact(&self, key: &FactKey) -> Answer<Option<StoredFact>> {
        self.0.find_fact(key).await
    }

    async fn list(&self, query: &ListQuery) -> Answer<Vec<Arc<Order>>> {
        self.0.list(query).await
    }

    async fn history(
        &self,
        order_id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Answer<Vec<RecordedEvent>> {
        self.0.history(order_id, after_version, limit).await
    }

    async fn now(&self) -> Answer<Timestamp> {
        self.0.now().await
    }

    async fn due(&self, limit: usize) -> Answer<Due> {
        self.0.due(limit).await
    }

    async fn parked_ready(&self, limit: usize) -> Answer<Vec<(OrderId, ParkedFact)>> {
        self.0.parked_ready(limit).await
    }

    async fn parked_for(&self, order_id: OrderId, limit: usize) -> Answer<Vec<ParkedFact>> {
        self.0.parked_for(order_id, limit).await
    }

    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Answer<u64> {
        self.0.bury_parked(before, limit).await
    }
}
