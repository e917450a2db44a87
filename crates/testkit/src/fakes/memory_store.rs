//! A store and feed in memory: the reference that every real store is compared with.

use super::memory_leases::Leases;
use super::store_state::State;
use super::{MachineClock, locked};
use async_trait::async_trait;
use order_core::domain::{FactKey, IdempotencyKey, Order, OrderId, Timestamp};
use order_core::ports::{
    Change, Clock, Committed, DeadLetter, Due, FeedPosition, LetterContent, ListFilter, ListQuery,
    OrderStore, ParkedFact, RecordedEvent, StoreError, StoredFact, StoredRequest,
};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

/// Orders, events, keys and parked facts in memory. Clones are the same store, as two replicas on
/// one database are. Every part of the contract holds but durability.
#[derive(Clone, Debug)]
pub struct MemoryStore(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) leases: Mutex<Leases>,
    state: Mutex<State>,
    /// Told of every commit.
    pub(super) written: Notify,
    faults: Mutex<Faults>,
    loads: AtomicUsize,
    loads_held: watch::Sender<bool>,
}

/// What a test wants to go wrong.
#[derive(Debug, Default)]
struct Faults {
    failing: Option<StoreError>,
    next: Option<StoreError>,
    lost_answer: Option<StoreError>,
}

impl MemoryStore {
    /// An empty store, whose time is the machine's.
    pub fn new() -> MemoryStore {
        MemoryStore::on(Arc::new(MachineClock))
    }

    /// An empty store whose time is that of `clock`.
    pub fn on(clock: Arc<dyn Clock>) -> MemoryStore {
        MemoryStore::with(clock, State::default(), Leases::default())
    }

    fn with(clock: Arc<dyn Clock>, state: State, leases: Leases) -> MemoryStore {
        MemoryStore(Arc::new(Shared {
            clock,
            leases: Mutex::new(leases),
            state: Mutex::new(state),
            written: Notify::new(),
            faults: Mutex::default(),
            loads: AtomicUsize::new(0),
            loads_held: watch::Sender::new(false),
        }))
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

    /// Holds back the answers of loads by id, which have read what they answer by then; or lets them go.
    pub fn hold_loads(&self, held: bool) {
        self.0.loads_held.send_replace(held);
    }

    /// How many loads by id there were.
    pub fn loads(&self) -> usize {
        self.0.loads.load(Ordering::SeqCst)
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
        let state = locked(&self.0.state).clone();
        let leases = locked(&self.0.leases).clone();
        MemoryStore::with(Arc::clone(&self.0.clock), state, leases)
    }

    /// How many orders it holds.
    pub fn order_count(&self) -> usize {
        locked(&self.0.state).orders.len()
    }

    /// The facts among the dead letters.
    pub fn buried(&self) -> Vec<ParkedFact> {
        let letters = locked(&self.0.state).letters.clone();
        let fact = |letter: DeadLetter| match letter.content {
            LetterContent::Fact(fact) => Some(*fact),
            LetterContent::Message(_) => None,
        };
        letters.into_iter().filter_map(fact).collect()
    }

    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut faults = locked(&self.0.faults);
        match faults.next.take().or_else(|| faults.failing.clone()) {
            Some(error) => Err(error),
            None => Ok(locked(&self.0.state)),
        }
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
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        let found = self.state().map(|state| state.current(order_id).cloned());
        // The sender lives as long as the store does.
        let _ = self.0.loads_held.subscribe().wait_for(|held| !held).await;
        found
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

    async fn load_external(&self, external_id: &str) -> Result<Option<Arc<Order>>, StoreError> {
        let order_id = self.state()?.externals.get(external_id).copied();
        match order_id {
            Some(order_id) => self.load(order_id).await,
            None => Ok(None),
        }
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

    async fn now(&self) -> Result<Timestamp, StoreError> {
        drop(self.state()?);
        Ok(self.0.clock.now())
    }

    async fn due(&self, limit: usize) -> Result<Due, StoreError> {
        let state = self.state()?;
        let now = self.0.clock.now();
        let open = state.orders.keys().filter_map(|id| state.current(*id));
        let mut due: Vec<(Timestamp, OrderId)> = open
            .filter_map(|order| Some((order.open_deadline()?, order.order_id)))
            .collect();
        due.retain(|&(deadline, _)| deadline <= now);
        due.sort_unstable();
        let orders = due.into_iter().take(limit).map(|(_, order_id)| order_id);
        Ok(Due {
            now,
            orders: orders.collect(),
        })
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
        let now = self.0.clock.now();
        Ok(self.state()?.bury(before, limit, now) as u64)
    }
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
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
