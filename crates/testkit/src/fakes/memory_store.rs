//! A store and feed in memory: the reference that every real store is compared with.

use super::locked;
use super::store_state::{Feed, State};
use async_trait::async_trait;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Committed, EventFeed, FeedError, FeedPosition, FeedToken, ListFilter, ListQuery,
    OrderStore, PageLimit, ParkedFact, RecordedEvent, StoreError, StoredFact, StoredRequest,
};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;

/// How long [`EventFeed::wait_beyond`] waits at most.
const WAIT_SECONDS: u64 = 5;
/// What an event and each of its order's lines count of [`PageLimit::bytes`].
const EVENT_BYTES: usize = 400;
const LINE_BYTES: usize = 60;

/// Orders, events, keys and parked facts in memory. Clones are the same store, as two replicas on
/// one database are. Every part of the contract holds but durability.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(pub(super) Arc<Shared>);

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) leases: Mutex<super::memory_leases::Leases>,
    state: Mutex<State>,
    /// Told of every commit.
    written: Notify,
    faults: Mutex<Faults>,
}

/// What a test wants to go wrong.
#[derive(Debug, Default)]
struct Faults {
    failing: Option<StoreError>,
    next: Option<StoreError>,
    lost_answer: Option<StoreError>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// Lets the next call fail with `error`; it does nothing.
    pub fn fail_next(&self, error: StoreError) {
        locked(&self.0.faults).next = Some(error);
    }

    /// Lets every call fail with `error`, or work again.
    pub fn set_failing(&self, error: Option<StoreError>) {
        locked(&self.0.faults).failing = error;
    }

    /// Lets the next commit be written and then answer `error`, as when a connection breaks while
    /// the database answers.
    pub fn lose_next_answer(&self, error: StoreError) {
        locked(&self.0.faults).lost_answer = Some(error);
    }

    /// Drops the events before `first` from the feed, as retention does; histories stay.
    pub fn forget_before(&self, first: FeedPosition) {
        let mut state = locked(&self.0.state);
        let Some(feed) = state.feed.get_mut(&first.partition) else {
            return;
        };
        let newest = feed.newest();
        feed.events
            .retain(|event| event.position.offset >= first.offset);
        feed.forgotten = newest - feed.events.len() as u64;
    }

    /// A store of its own with the same contents.
    #[must_use]
    pub fn fork(&self) -> MemoryStore {
        let state = Mutex::new(locked(&self.0.state).clone());
        let leases = Mutex::new(locked(&self.0.leases).clone());
        MemoryStore(Arc::new(Shared {
            leases,
            state,
            ..Shared::default()
        }))
    }

    /// How many orders it holds.
    pub fn order_count(&self) -> usize {
        locked(&self.0.state).orders.len()
    }

    /// The facts among the dead letters.
    pub fn buried(&self) -> Vec<ParkedFact> {
        locked(&self.0.state).buried.clone()
    }

    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut faults = locked(&self.0.faults);
        match faults.next.take().or_else(|| faults.failing.clone()) {
            Some(error) => Err(error),
            None => Ok(locked(&self.0.state)),
        }
    }

    /// Fails where `after` cannot be read after.
    fn check_token(state: &State, after: &FeedToken) -> Result<(), FeedError> {
        let newest = head(state);
        let named = u16::try_from(after.partitions()).unwrap_or(u16::MAX);
        if (0..named).any(|partition| after.offset(partition) > newest.offset(partition)) {
            return Err(FeedError::Ahead { newest });
        }
        if state
            .feed
            .iter()
            .any(|(&partition, feed)| after.offset(partition) < feed.forgotten)
        {
            let mut oldest = FeedToken::start();
            for (&partition, feed) in &state.feed {
                oldest.advance(FeedPosition {
                    partition,
                    offset: feed.forgotten,
                });
            }
            return Err(FeedError::Gone { oldest });
        }
        Ok(())
    }

    /// As [`MemoryStore::check_token`], of one partition.
    fn check_partition(state: &State, after: FeedPosition) -> Result<(), FeedError> {
        let mut rest = head(state);
        rest.advance(after);
        MemoryStore::check_token(state, &rest)
    }

    fn has_beyond(&self, after: &FeedToken) -> Result<bool, FeedError> {
        let state = self.state()?;
        MemoryStore::check_token(&state, after)?;
        Ok(state
            .feed
            .iter()
            .any(|(&partition, feed)| feed.newest() > after.offset(partition)))
    }
}

#[async_trait]
impl OrderStore for MemoryStore {
    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        let committed = self.state()?.commit(change);
        if matches!(committed, Committed::Done { .. }) {
            self.0.written.notify_waiters();
        }
        let lost = locked(&self.0.faults).lost_answer.take();
        lost.map_or(Ok(committed), Err)
    }

    async fn load(&self, order_id: OrderId) -> Result<Option<Arc<Order>>, StoreError> {
        Ok(self.state()?.current(order_id).cloned())
    }

    async fn load_at(
        &self,
        order_id: OrderId,
        version: u64,
    ) -> Result<Option<Arc<Order>>, StoreError> {
        let state = self.state()?;
        let events = state.orders.get(&order_id).into_iter().flatten();
        let at = events
            .map(|recorded| &recorded.event)
            .find(|event| event.version() == version);
        Ok(at.map(|event| Arc::clone(&event.order)))
    }

    async fn find_external(&self, external_id: &str) -> Result<Option<OrderId>, StoreError> {
        Ok(self.state()?.externals.get(external_id).copied())
    }

    async fn find_request(&self, key: IdempotencyKey) -> Result<Option<StoredRequest>, StoreError> {
        Ok(self.state()?.requests.get(&key).copied())
    }

    async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        Ok(self.state()?.fact(key))
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Arc<Order>>, StoreError> {
        let state = self.state()?;
        let newest_first = state
            .orders
            .values()
            .rev()
            .filter_map(|events| events.last());
        let matching = newest_first
            .map(|last| &last.event.order)
            .filter(|order| query.before.is_none_or(|before| order.order_id < before))
            .filter(|order| matches(&query.filter, order));
        Ok(matching.take(query.limit).cloned().collect())
    }

    async fn history(
        &self,
        order_id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let state = self.state()?;
        let events = state.orders.get(&order_id).into_iter().flatten();
        let later = events.filter(|recorded| recorded.event.version() > after_version);
        Ok(later.take(limit).cloned().collect())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<OrderId>, StoreError> {
        let state = self.state()?;
        let open = state.orders.keys().filter_map(|id| state.current(*id));
        let mut due: Vec<(Timestamp, OrderId)> = open
            .filter_map(|order| Some((order.open_deadline()?, order.order_id)))
            .collect();
        due.retain(|&(deadline, _)| deadline <= now);
        due.sort_unstable();
        Ok(due
            .into_iter()
            .take(limit)
            .map(|(_, order_id)| order_id)
            .collect())
    }

    async fn parked_ready(&self, limit: usize) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        let state = self.state()?;
        Ok(state
            .parked_ready()
            .take(limit)
            .map(|(id, parked)| (id, parked.clone()))
            .collect())
    }

    async fn parked_for(
        &self,
        order_id: OrderId,
        limit: usize,
    ) -> Result<Vec<ParkedFact>, StoreError> {
        Ok(self
            .state()?
            .parked_for(order_id)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn bury_parked(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        Ok(self.state()?.bury(before, limit) as u64)
    }
}

#[async_trait]
impl EventFeed for MemoryStore {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        let state = self.state()?;
        MemoryStore::check_token(&state, after)?;
        let partitions = state.feed.iter();
        let unread = partitions.flat_map(|(&partition, feed)| {
            let after = after.offset(partition);
            feed.events
                .iter()
                .filter(move |recorded| recorded.position.offset > after)
        });
        Ok(unread.take(limit).cloned().collect())
    }

    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        let state = self.state()?;
        MemoryStore::check_partition(&state, after)?;
        let feed = state.feed.get(&after.partition).into_iter();
        let unread = feed.flat_map(|feed| &feed.events);
        let unread = unread.filter(|recorded| recorded.position.offset > after.offset);
        let mut bytes = 0;
        let fits = |recorded: &&RecordedEvent| {
            let before = bytes;
            bytes += EVENT_BYTES + LINE_BYTES * recorded.event.order.lines.len();
            before < limit.bytes.max(1)
        };
        Ok(unread
            .take(limit.events)
            .take_while(fits)
            .cloned()
            .collect())
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        Ok(head(&*self.state()?))
    }

    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError> {
        // Listening begins before looking, so that no commit falls between the two.
        let written = self.0.written.notified();
        tokio::pin!(written);
        written.as_mut().enable();
        if !self.has_beyond(after)? {
            let _ = tokio::time::timeout(Duration::from_secs(WAIT_SECONDS), written).await;
        }
        Ok(())
    }

    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError> {
        let end = tokio::time::Instant::now() + Duration::from_secs(WAIT_SECONDS);
        loop {
            let written = self.0.written.notified();
            tokio::pin!(written);
            written.as_mut().enable();
            let newest = {
                let state = self.state()?;
                MemoryStore::check_partition(&state, after)?;
                state.feed.get(&after.partition).map_or(0, Feed::newest)
            };
            let timed_out = tokio::time::timeout_at(end, written);
            if newest > after.offset || timed_out.await.is_err() {
                return Ok(());
            }
        }
    }
}

pub(super) fn head(state: &State) -> FeedToken {
    let mut head = FeedToken::start();
    for (&partition, feed) in &state.feed {
        head.advance(FeedPosition {
            partition,
            offset: feed.newest(),
        });
    }
    head
}

fn matches(filter: &ListFilter, order: &Order) -> bool {
    filter
        .customer_id
        .as_ref()
        .is_none_or(|id| *id == order.customer_id)
        && filter
            .external_id
            .as_ref()
            .is_none_or(|id| Some(id) == order.external_id.as_ref())
        && filter.state.is_none_or(|state| state == order.state)
        && filter
            .payment_status
            .is_none_or(|status| status == order.payment_status)
        && filter
            .fulfillment_status
            .is_none_or(|status| status == order.fulfillment_status)
        && filter.placed_after.is_none_or(|at| order.placed_at >= at)
        && filter.placed_before.is_none_or(|at| order.placed_at < at)
}
