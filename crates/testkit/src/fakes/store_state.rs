//! The tables of [`MemoryStore`](super::MemoryStore) and the rules of writing them, without ports,
//! locks or waiting: the contract of `OrderStore::commit` in its plainest form.

use order_core::domain::{
    Event, FactKey, Fingerprint, IdempotencyKey, Order, OrderId, OrderRef, Timestamp,
};
use order_core::ports::{
    Change, Committed, DeadLetter, FactRecord, FeedPosition, Leaves, ParkedFact, RecordedEvent,
    RequestRecord, StoredFact, StoredRequest,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Every event of every order; the event of version `n` stands at `n - 1`.
    pub(super) orders: BTreeMap<OrderId, Vec<RecordedEvent>>,
    pub(super) feed: BTreeMap<u16, Feed>,
    pub(super) externals: HashMap<String, OrderId>,
    pub(super) requests: HashMap<IdempotencyKey, StoredRequest>,
    facts: HashMap<FactKey, FactRow>,
    /// By time, then by arrival, so that the oldest stands first.
    pub(super) parked: BTreeMap<(Timestamp, u64), ParkedFact>,
    arrivals: u64,
    /// Why parked facts could not be applied when they were redriven, by their arrival.
    pub(super) reasons: HashMap<u64, String>,
    pub(super) letters: Vec<DeadLetter>,
    pub(super) last_letter: u64,
}

/// One partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Feed {
    /// How many of the oldest events are no longer kept.
    pub(super) forgotten: u64,
    pub(super) events: Vec<RecordedEvent>,
}

#[derive(Clone, Copy, Debug)]
struct FactRow {
    fingerprint: Fingerprint,
    place: FactPlace,
}

#[derive(Clone, Copy, Debug)]
enum FactPlace {
    Parked,
    /// Among the dead letters: it can never leave the parking any more.
    Buried,
    /// Dropped by an operator.
    Gone,
    Recorded(OrderId, u64),
}

impl State {
    /// Writes `change` whole, or tells why not and writes nothing.
    pub(super) fn commit(&mut self, change: Change) -> Committed {
        match change {
            Change::Place { events, request } => self.place(events, request),
            Change::Advance {
                expected_version,
                events,
                request,
                fact,
            } => self.advance(expected_version, events, request, fact),
            Change::Remember {
                order_id,
                version,
                fact,
            } => self.remember(order_id, version, fact),
            Change::Park(parked) => self.park(parked),
        }
    }

    fn place(&mut self, events: Vec<Event>, request: RequestRecord) -> Committed {
        let order = last_order(&events, 0);
        if let Some(&known) = self.requests.get(&request.key) {
            return Committed::RequestKnown(known);
        }
        if let Some(&order_id) = order
            .external_id
            .as_ref()
            .and_then(|id| self.externals.get(id))
        {
            return Committed::ExternalIdTaken { order_id };
        }
        if self.orders.contains_key(&order.order_id) {
            return Committed::VersionConflict;
        }
        if let Some(external_id) = order.external_id.clone() {
            self.externals.insert(external_id, order.order_id);
        }
        self.write(&order, events, Some(request), None);
        Committed::Done {
            facts_waiting: self.parked_for(order.order_id).next().is_some(),
        }
    }

    fn advance(
        &mut self,
        expected_version: u64,
        events: Vec<Event>,
        request: Option<RequestRecord>,
        fact: Option<FactRecord>,
    ) -> Committed {
        let order = last_order(&events, expected_version);
        if let Some(known) = request.and_then(|request| self.requests.get(&request.key)) {
            return Committed::RequestKnown(*known);
        }
        if let Some(known) = fact.as_ref().and_then(|fact| self.blocking_fact(fact)) {
            return Committed::FactKnown(known);
        }
        if self.current(order.order_id).map(|known| known.version) != Some(expected_version) {
            return Committed::VersionConflict;
        }
        self.write(&order, events, request, fact);
        Committed::Done {
            facts_waiting: false,
        }
    }

    fn remember(&mut self, order_id: OrderId, version: u64, fact: FactRecord) -> Committed {
        if let Some(known) = self.blocking_fact(&fact) {
            return Committed::FactKnown(known);
        }
        if !self.orders.contains_key(&order_id) {
            return Committed::VersionConflict;
        }
        self.record_fact(fact, order_id, version);
        Committed::Done {
            facts_waiting: false,
        }
    }

    fn park(&mut self, parked: ParkedFact) -> Committed {
        if let Some(known) = self.fact(&parked.fact.key) {
            return Committed::FactKnown(known);
        }
        if let Some(order_id) = self.resolve(parked.order()) {
            return Committed::OrderKnown { order_id };
        }
        let row = FactRow {
            fingerprint: parked.fingerprint,
            place: FactPlace::Parked,
        };
        self.facts.insert(parked.fact.key.clone(), row);
        self.arrivals += 1;
        self.parked
            .insert((parked.parked_at, self.arrivals), parked);
        Committed::Done {
            facts_waiting: false,
        }
    }

    /// Appends the events and remembers what made them.
    fn write(
        &mut self,
        order: &Order,
        events: Vec<Event>,
        request: Option<RequestRecord>,
        fact: Option<FactRecord>,
    ) {
        for event in events {
            let partition = event.order.partition;
            let feed = self.feed.entry(partition).or_default();
            let position = FeedPosition {
                partition,
                offset: feed.newest() + 1,
            };
            let recorded = RecordedEvent { position, event };
            feed.events.push(recorded.clone());
            self.orders
                .entry(order.order_id)
                .or_default()
                .push(recorded);
        }
        if let Some(RequestRecord { key, fingerprint }) = request {
            let stored = StoredRequest {
                order_id: order.order_id,
                version: order.version,
                fingerprint,
            };
            self.requests.insert(key, stored);
        }
        if let Some(fact) = fact {
            self.record_fact(fact, order.order_id, order.version);
        }
    }

    fn record_fact(&mut self, fact: FactRecord, order_id: OrderId, version: u64) {
        match fact.leaves {
            Leaves::Nothing => {}
            Leaves::Parking => self.parked.retain(|_, parked| parked.fact.key != fact.key),
            Leaves::DeadLetters => self.dig_up(&fact.key),
        }
        let place = FactPlace::Recorded(order_id, version);
        self.facts.insert(
            fact.key,
            FactRow {
                fingerprint: fact.fingerprint,
                place,
            },
        );
    }

    /// What keeps this fact id from being recorded: any earlier use, but for the place that it is about
    /// to leave.
    fn blocking_fact(&self, fact: &FactRecord) -> Option<StoredFact> {
        let row = self.facts.get(&fact.key)?;
        let leaves = match fact.leaves {
            Leaves::Nothing => false,
            Leaves::Parking => matches!(row.place, FactPlace::Parked),
            Leaves::DeadLetters => matches!(row.place, FactPlace::Buried),
        };
        (!leaves).then(|| row.stored())
    }

    /// What is known of a fact id.
    pub(super) fn fact(&self, key: &FactKey) -> Option<StoredFact> {
        self.facts.get(key).map(FactRow::stored)
    }

    /// The order as it is now.
    pub(super) fn current(&self, order_id: OrderId) -> Option<&Arc<Order>> {
        self.orders
            .get(&order_id)
            .and_then(|events| events.last())
            .map(|last| &last.event.order)
    }

    /// The known order that a fact names.
    pub(super) fn resolve(&self, order: &OrderRef) -> Option<OrderId> {
        match order {
            OrderRef::Id(order_id) => self.orders.contains_key(order_id).then_some(*order_id),
            OrderRef::External(external_id) => self.externals.get(external_id).copied(),
        }
    }

    /// Parked facts whose order is known, oldest first.
    pub(super) fn parked_ready(&self) -> impl Iterator<Item = (OrderId, &ParkedFact)> {
        self.parked
            .values()
            .filter_map(|parked| Some((self.resolve(parked.order())?, parked)))
    }

    /// Those that wait for this order.
    pub(super) fn parked_for(&self, order_id: OrderId) -> impl Iterator<Item = &ParkedFact> {
        self.parked_ready()
            .filter(move |(of, _)| *of == order_id)
            .map(|(_, parked)| parked)
    }

    /// Moves the oldest facts parked before `before` to the dead letters, `now`.
    pub(super) fn bury(&mut self, before: Timestamp, limit: usize, now: Timestamp) -> usize {
        let old = |&(parked_at, _): &(Timestamp, u64)| parked_at < before;
        let keys: Vec<_> = self
            .parked
            .keys()
            .copied()
            .filter(old)
            .take(limit)
            .collect();
        for key in &keys {
            if let Some(parked) = self.parked.remove(key) {
                if let Some(row) = self.facts.get_mut(&parked.fact.key) {
                    row.place = FactPlace::Buried;
                }
                self.lay_down(key.1, parked, now);
            }
        }
        keys.len()
    }
}

impl State {
    /// The id of a fact that somebody dropped: known, and nowhere.
    pub(super) fn forget(&mut self, key: &FactKey) {
        if let Some(row) = self.facts.get_mut(key) {
            row.place = FactPlace::Gone;
        }
    }
}

impl Feed {
    /// Offset of the newest event.
    pub(super) fn newest(&self) -> u64 {
        self.forgotten + self.events.len() as u64
    }
}

impl FactRow {
    fn stored(&self) -> StoredFact {
        let order = match self.place {
            FactPlace::Recorded(order_id, version) => Some((order_id, version)),
            FactPlace::Parked | FactPlace::Buried | FactPlace::Gone => None,
        };
        StoredFact {
            order,
            fingerprint: self.fingerprint,
        }
    }
}

/// The order after the last of `events`. A change that breaks the rules of [`Change`] is a defect of
/// whoever made it, and a test is to stop at it.
fn last_order(events: &[Event], expected_version: u64) -> Arc<Order> {
    let contiguous = events
        .iter()
        .zip(expected_version + 1..)
        .all(|(event, version)| event.version() == version);
    assert!(
        contiguous,
        "the versions of a change's events must follow {expected_version} without a gap"
    );
    match events.last() {
        Some(event) => Arc::clone(&event.order),
        None => panic!("a change must have at least one event"),
    }
}
