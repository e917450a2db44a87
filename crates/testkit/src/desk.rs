//! A desk hands out changes for a store as the use cases make them, each with ids, keys and a time
//! of its own, so that no test has to count.

use crate::fakes::{ManualClock, SequentialIds};
use order_core::domain::{
    Cause, Event, EventData, Fact, FactKey, Fingerprint, Hold, IdempotencyKey, IncomingFact,
    NewOrder, Order, OrderRef, Timestamp,
};
use order_core::ports::{
    Change, Committed, FactRecord, IdSource, Leaves, OrderStore, ParkedFact, RequestRecord,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes changes. Its time moves on by one millisecond with each.
#[derive(Debug, Default)]
pub struct Desk {
    /// The time at the desk.
    pub clock: ManualClock,
    ids: SequentialIds,
    count: AtomicU64,
}

impl Desk {
    /// A desk at the start of 2025. Two desks hand out the same numbers.
    pub fn new() -> Desk {
        Desk::default()
    }

    /// A desk whose numbers are those of no desk with another `number`.
    pub fn numbered(number: u16) -> Desk {
        let count = AtomicU64::new(u64::from(number) << 32);
        Desk {
            ids: SequentialIds::new(number),
            count,
            clock: ManualClock::default(),
        }
    }

    /// A time later than every one before.
    pub fn tick(&self) -> Timestamp {
        self.clock.advance(1)
    }

    /// A key and fingerprint that nobody used yet.
    pub fn request(&self) -> RequestRecord {
        let number = u128::from(self.number());
        // Spread over all 128 bits, as digests are.
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        RequestRecord {
            key: IdempotencyKey(spread),
            fingerprint: Fingerprint(!spread),
        }
    }

    /// A fact id and fingerprint that nobody used yet.
    pub fn fact_record(&self) -> FactRecord {
        let number = self.number();
        FactRecord {
            key: FactKey {
                source: "/payments".to_owned(),
                id: format!("message-{number}"),
            },
            fingerprint: Fingerprint(u128::MAX - u128::from(number)),
            leaves: Leaves::Nothing,
        }
    }

    /// Places `new` in partition 0.
    pub fn place(&self, new: impl Into<NewOrder>) -> Change {
        self.place_in(0, new)
    }

    /// Places `new` in `partition`.
    pub fn place_in(&self, partition: u16, new: impl Into<NewOrder>) -> Change {
        self.place_order(self.order_in(partition, new))
    }

    /// The order that would be placed, to be changed by hand before it is.
    pub fn order(&self, new: impl Into<NewOrder>) -> Order {
        self.order_in(0, new)
    }

    /// Places this order as it stands.
    pub fn place_order(&self, order: Order) -> Change {
        let event = Event {
            data: EventData::Placed,
            time: order.updated_at,
            cause: self.cause(),
            order: Arc::new(order),
        };
        Change::Place {
            events: vec![event],
            request: self.request(),
        }
    }

    /// Records `fact` with a fact id of its own, by the domain's decision.
    pub fn record(&self, order: &Order, fact: Fact) -> Change {
        let decision = order.record(fact, self.tick(), self.cause());
        let events = decision.expect("a well-formed fact is recorded").events;
        let fact = Some(self.fact_record());
        Change::Advance {
            expected_version: order.version,
            events,
            request: None,
            fact,
        }
    }

    /// Puts a hold of `kind` on the order, as a command with a key: one event.
    pub fn hold(&self, order: &Order, kind: &str) -> Change {
        let hold = Hold {
            hold_id: format!("hold-{}", order.version + 1),
            kind: kind.to_owned(),
            reason: "as the test says".to_owned(),
        };
        let mut moved = order.clone();
        moved.caller_holds.push(hold.clone());
        let event = self.event(moved, EventData::Held(hold));
        let request = Some(self.request());
        Change::Advance {
            expected_version: order.version,
            events: vec![event],
            request,
            fact: None,
        }
    }

    /// The event with `data` that moves `order`, changed by hand, on to its next version.
    pub fn event(&self, mut order: Order, data: EventData) -> Event {
        let time = self.tick();
        order.version += 1;
        order.updated_at = time;
        order.derive();
        Event {
            data,
            time,
            cause: self.cause(),
            order: Arc::new(order),
        }
    }

    /// Parks `fact` until its order is known.
    pub fn park(&self, order: OrderRef, fact: Fact) -> Change {
        let FactRecord {
            key, fingerprint, ..
        } = self.fact_record();
        Change::Park(ParkedFact {
            fact: IncomingFact { key, order, fact },
            fingerprint,
            parked_at: self.tick(),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            caller: Some("spiffe://example/payments".to_owned()),
        })
    }

    /// Places `new` in `store` and answers the order.
    pub async fn placed(&self, store: &dyn OrderStore, new: impl Into<NewOrder>) -> Arc<Order> {
        done(store, self.place(new)).await
    }

    /// Records `fact` in `store` and answers the order after it.
    pub async fn recorded(&self, store: &dyn OrderStore, order: &Order, fact: Fact) -> Arc<Order> {
        done(store, self.record(order, fact)).await
    }

    fn order_in(&self, partition: u16, new: impl Into<NewOrder>) -> Order {
        let now = self.tick();
        let placed = Order::place(new.into(), self.ids.order_id(now), partition, now);
        placed.expect("the test's order is valid")
    }

    fn cause(&self) -> Arc<Cause> {
        let number = self.number();
        Arc::new(Cause {
            caller: Some("spiffe://example/shop".to_owned()),
            source: Some("/shop".to_owned()),
            id: Some(format!("request-{number}")),
            traceparent: None,
        })
    }

    fn number(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// Commits a change that has to be `Done`, and answers the order after it.
pub async fn done(store: &dyn OrderStore, change: Change) -> Arc<Order> {
    let order = order_of(&change);
    let committed = store.commit(change).await;
    assert!(
        matches!(committed, Ok(Committed::Done { .. })),
        "expected Done, got {committed:?}"
    );
    order
}

/// The order after a change that places or advances one.
pub fn order_of(change: &Change) -> Arc<Order> {
    Arc::clone(change.order().expect("the change has an order"))
}

/// The change, under this key instead of its own.
#[must_use]
pub fn with_request(mut change: Change, record: RequestRecord) -> Change {
    match &mut change {
        Change::Place { request, .. } => *request = record,
        Change::Advance { request, .. } => *request = Some(record),
        Change::Remember { .. } | Change::Park(_) => {}
    }
    change
}

/// The change, under this fact id instead of its own.
#[must_use]
pub fn with_fact(mut change: Change, record: FactRecord) -> Change {
    match &mut change {
        Change::Advance { fact, .. } => *fact = Some(record),
        Change::Remember { fact, .. } => *fact = record,
        Change::Park(parked) => {
            parked.fact.key = record.key;
            parked.fingerprint = record.fingerprint;
        }
        Change::Place { .. } => {}
    }
    change
}

/// The key of a change that has one.
pub fn request_of(change: &Change) -> RequestRecord {
    match change {
        Change::Place { request, .. }
        | Change::Advance {
            request: Some(request),
            ..
        } => *request,
        other => panic!("the change has no key: {other:?}"),
    }
}

/// The fact id of a change that has one.
pub fn fact_of(change: &Change) -> FactRecord {
    match change {
        Change::Advance {
            fact: Some(fact), ..
        }
        | Change::Remember { fact, .. } => fact.clone(),
        Change::Park(parked) => FactRecord {
            key: parked.fact.key.clone(),
            fingerprint: parked.fingerprint,
            leaves: Leaves::Parking,
        },
        other => panic!("the change has no fact: {other:?}"),
    }
}
