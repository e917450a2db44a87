//! One call of a store or feed, and what it answered, as values that can be compared and shown.

use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Committed, EventFeed, FeedError, FeedToken, ListQuery, OrderStore, ParkedFact,
    RecordedEvent, StoreError, StoredFact, StoredRequest,
};
use std::sync::Arc;

/// A call of [`OrderStore`] or [`EventFeed`].
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each is the port's method of that name with its arguments"
)]
pub enum Call {
    Commit(Change),
    Load(OrderId),
    LoadAt(OrderId, u64),
    LoadExternal(String),
    FindRequest(IdempotencyKey),
    FindFact(FactKey),
    List(ListQuery),
    History(OrderId, u64, usize),
    Due(usize),
    ParkedReady(usize),
    ParkedFor(OrderId, usize),
    Bury(Timestamp, usize),
    ReadAfter(FeedToken, usize),
    Head,
}

/// What a [`Call`] answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is what the port's method of that name answers"
)]
pub enum Answer {
    Committed(Committed),
    Order(Option<Arc<Order>>),
    Orders(Vec<Arc<Order>>),
    Ids(Vec<OrderId>),
    Request(Option<StoredRequest>),
    Fact(Option<StoredFact>),
    Events(Vec<RecordedEvent>),
    Ready(Vec<(OrderId, ParkedFact)>),
    Parked(Vec<ParkedFact>),
    Buried(u64),
    /// A token's offsets without zeros at the end, which say nothing.
    Offsets(Vec<u64>),
    /// The token was ahead of the feed, whose newest offsets these are.
    Ahead(Vec<u64>),
    /// The token was behind the oldest offsets, which these are.
    Gone(Vec<u64>),
    Failed(StoreError),
}

impl Call {
    /// Calls.
    pub async fn ask(&self, store: &dyn OrderStore, feed: &dyn EventFeed) -> Answer {
        match self.try_ask(store, feed).await {
            Ok(answer) => answer,
            Err(FeedError::Store(error)) => Answer::Failed(error),
            Err(FeedError::Ahead { newest }) => Answer::Ahead(offsets(&newest)),
            Err(FeedError::Gone { oldest }) => Answer::Gone(offsets(&oldest)),
        }
    }

    async fn try_ask(
        &self,
        store: &dyn OrderStore,
        feed: &dyn EventFeed,
    ) -> Result<Answer, FeedError> {
        Ok(match self {
            Call::Commit(change) => Answer::Committed(store.commit(change.clone()).await?),
            Call::Load(order_id) => Answer::Order(store.load(*order_id).await?),
            Call::LoadAt(order_id, version) => {
                Answer::Order(store.load_at(*order_id, *version).await?)
            }
            Call::LoadExternal(external_id) => {
                Answer::Order(store.load_external(external_id).await?)
            }
            Call::FindRequest(key) => Answer::Request(store.find_request(*key).await?),
            Call::FindFact(key) => Answer::Fact(store.find_fact(key).await?),
            Call::List(query) => Answer::Orders(store.list(query).await?),
            Call::History(order_id, after, limit) => {
                Answer::Events(store.history(*order_id, *after, *limit).await?)
            }
            // Two stores tell different times, so only the orders are compared.
            Call::Due(limit) => Answer::Ids(store.due(*limit).await?.orders),
            Call::ParkedReady(limit) => Answer::Ready(store.parked_ready(*limit).await?),
            Call::ParkedFor(order_id, limit) => {
                Answer::Parked(store.parked_for(*order_id, *limit).await?)
            }
            Call::Bury(before, limit) => Answer::Buried(store.bury_parked(*before, *limit).await?),
            Call::ReadAfter(after, limit) => Answer::Events(feed.read_after(after, *limit).await?),
            Call::Head => Answer::Offsets(offsets(&feed.head().await?)),
        })
    }
}

fn offsets(token: &FeedToken) -> Vec<u64> {
    let named = u16::try_from(token.partitions()).unwrap_or(u16::MAX);
    let mut offsets: Vec<u64> = (0..named)
        .map(|partition| token.offset(partition))
        .collect();
    while offsets.last() == Some(&0) {
        offsets.pop();
    }
    offsets
}
