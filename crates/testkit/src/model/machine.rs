//! The reference: a [`MemoryStore`], and how a drawn step becomes a call in its state.

use super::names::{any_fact, deadline, external_id, fact_key, filter, key, order_id, start};
use super::op::any_op;
use super::{Answer, Call, Op};
use crate::fakes::MemoryStore;
use crate::new_order;
use order_core::domain::{
    Cause, Event, EventData, Fact, Fingerprint, HoldRequest, IncomingFact, Order, OrderId,
    OrderRef, PaymentTerms, Timestamp,
};
use order_core::ports::{
    Change, FactRecord, FeedPosition, FeedToken, Leaves, ListQuery, ParkedFact, RequestRecord,
};
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use proptest_state_machine::ReferenceStateMachine;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// More than a sequence can make of anything.
const ALL: usize = 10_000;

/// The state of the reference. A clone shares nothing with it.
#[derive(Debug, Default)]
pub struct Machine {
    store: MemoryStore,
    /// Steps so far: the time, and what keeps contents apart.
    steps: i64,
    last: Option<(Call, Answer)>,
}

impl Clone for Machine {
    fn clone(&self) -> Machine {
        Machine {
            store: self.store.fork(),
            steps: self.steps,
            last: self.last.clone(),
        }
    }
}

impl ReferenceStateMachine for Machine {
    type State = Machine;
    type Transition = Op;

    fn init_state() -> BoxedStrategy<Machine> {
        Just(Machine::default()).boxed()
    }

    fn transitions(_: &Machine) -> BoxedStrategy<Op> {
        any_op()
    }

    fn apply(mut machine: Machine, op: &Op) -> Machine {
        machine.steps += 1;
        machine.last = machine.call(*op).map(|call| {
            let answer = machine.ask(&call);
            (call, answer)
        });
        machine
    }
}

impl Machine {
    /// The latest call with its answer; none if the step meant nothing in its state.
    pub fn last(&self) -> Option<&(Call, Answer)> {
        self.last.as_ref()
    }

    /// Every question about all that there is, with its answer.
    pub fn everything(&self) -> Vec<(Call, Answer)> {
        let mut calls = vec![
            Call::Head,
            Call::ReadAfter(FeedToken::start(), ALL),
            Call::List(ListQuery {
                limit: ALL,
                ..ListQuery::default()
            }),
            Call::Due(ALL),
            Call::ParkedReady(ALL),
        ];
        calls.extend((0..16).map(|n| Call::FindRequest(key(n))));
        calls.extend((0..16).map(|n| Call::FindFact(fact_key(n))));
        for slot in 0..self.store.order_count() as u64 {
            calls.push(Call::Load(order_id(slot)));
            calls.push(Call::History(order_id(slot), 0, ALL));
            calls.push(Call::ParkedFor(order_id(slot), ALL));
        }
        calls
            .into_iter()
            .map(|call| (call.clone(), self.ask(&call)))
            .collect()
    }

    /// What the reference answers: at once, as it never waits.
    fn ask(&self, call: &Call) -> Answer {
        let asked = pin!(call.ask(&self.store, &self.store));
        match asked.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => unreachable!("the store in memory answers at once"),
        }
    }

    fn now(&self) -> Timestamp {
        start().plus_millis(self.steps)
    }

    /// An order's number, as far as there are orders; the next one's where there is none.
    fn slot(&self, order: u8) -> u64 {
        u64::from(order).min(self.store.order_count() as u64)
    }

    /// The order, so many versions back; none where there is no order at all.
    fn order(&self, order: u8, back: u8) -> Option<Arc<Order>> {
        let last = (self.store.order_count() as u64).checked_sub(1)?;
        let order_id = order_id(u64::from(order).min(last));
        let Answer::Order(Some(now)) = self.ask(&Call::Load(order_id)) else {
            return None;
        };
        let version = now.version.saturating_sub(u64::from(back)).max(1);
        let Answer::Order(then) = self.ask(&Call::LoadAt(order_id, version)) else {
            return None;
        };
        then
    }

    fn call(&self, op: Op) -> Option<Call> {
        Some(match op {
            Op::Place {
                key,
                external,
                kind,
            } => Call::Commit(self.place(key, external, kind)),
            Op::Record {
                order,
                back,
                fact,
                id,
                key,
            } => {
                let order = self.order(order, back)?;
                Call::Commit(self.record(&order, any_fact(&order, fact), id, key))
            }
            Op::Hold { order, back, key } => {
                Call::Commit(self.hold(&*self.order(order, back)?, key)?)
            }
            Op::Remember { order, id } => Call::Commit(self.remember(&*self.order(order, 0)?, id)),
            Op::ParkById { order, fact, id } => {
                Call::Commit(self.park(OrderRef::Id(order_id(order.into())), fact, id))
            }
            Op::ParkByExternal { external, fact, id } => {
                Call::Commit(self.park(OrderRef::External(external_id(external)), fact, id))
            }
            Op::Bury { back } => Call::Bury(start().plus_millis(self.steps - i64::from(back)), ALL),
            Op::Load { order } => Call::Load(order_id(order.into())),
            Op::LoadAt { order, version } => {
                Call::LoadAt(order_id(self.slot(order)), version.into())
            }
            Op::LoadExternal { external } => Call::LoadExternal(external_id(external)),
            Op::FindRequest { key: n } => Call::FindRequest(key(n)),
            Op::FindFact { id } => Call::FindFact(fact_key(id)),
            Op::List {
                filters,
                before,
                limit,
            } => Call::List(ListQuery {
                filter: filter(filters),
                before: before.map(|order| order_id(order.into())),
                limit: limit.into(),
            }),
            Op::History {
                order,
                after,
                limit,
            } => Call::History(order_id(self.slot(order)), after.into(), limit.into()),
            Op::Due { limit } => Call::Due(limit.into()),
            Op::ParkedReady { limit } => Call::ParkedReady(limit.into()),
            Op::ParkedFor { order, limit } => Call::ParkedFor(order_id(order.into()), limit.into()),
            Op::ReadAfter { offset, limit } => {
                let token = FeedToken::at(FeedPosition {
                    partition: 0,
                    offset: offset.into(),
                });
                Call::ReadAfter(token, limit.into())
            }
            Op::Head => Call::Head,
        })
    }

    /// Places the next order. Deadlines fall while ids rise, so that their orders differ; one of four
    /// is never due.
    fn place(&self, key: u8, external: Option<u8>, kind: u8) -> Change {
        let slot = self.store.order_count() as u64;
        let placed_at = order_id(slot).placed_at();
        let mut new = new_order()
            .customer(&format!("customer-{}", kind % 3))
            .lines(1 + u16::from(kind % 4));
        if kind.is_multiple_of(2) {
            new = new.terms(PaymentTerms::Invoice);
        }
        if kind % 5 < 3 {
            new = new.confirm_before(deadline(64_u64.saturating_sub(slot)));
        }
        if let Some(external) = external {
            new = new.external(&external_id(external));
        }
        let order =
            Order::place(new.build(), order_id(slot), 0, placed_at).expect("the order is valid");
        let event = Event {
            data: EventData::Placed,
            time: placed_at,
            cause: self.cause(),
            order: Arc::new(order),
        };
        Change::Place {
            events: vec![event],
            request: self.request(key),
        }
    }

    /// Records a fact as the use case does: one that is known only has its id remembered.
    fn record(&self, order: &Order, fact: Fact, id: u8, key: Option<u8>) -> Change {
        let decision = order
            .record(fact, self.now(), self.cause())
            .expect("the ledger has room");
        if decision.events.is_empty() {
            return self.remember(order, id);
        }
        Change::Advance {
            expected_version: order.version,
            events: decision.events,
            request: key.map(|key| self.request(key)),
            fact: Some(self.fact_record(id)),
        }
    }

    fn hold(&self, order: &Order, key: Option<u8>) -> Option<Change> {
        let ask = HoldRequest {
            kind: "FRAUD_CHECK".to_owned(),
            reason: format!("step {}", self.steps),
        };
        // An order that has ended takes no hold.
        let decision = order.hold(&ask, self.now(), self.cause()).ok()?;
        let request = key.map(|key| self.request(key));
        Some(Change::Advance {
            expected_version: order.version,
            events: decision.events,
            request,
            fact: None,
        })
    }

    fn remember(&self, order: &Order, id: u8) -> Change {
        Change::Remember {
            order_id: order.order_id,
            version: order.version,
            fact: self.fact_record(id),
        }
    }

    fn park(&self, order: OrderRef, fact: u8, id: u8) -> Change {
        let about = Order::place(new_order().build(), OrderId::NIL, 0, start())
            .expect("the order is valid");
        Change::Park(ParkedFact {
            fact: IncomingFact {
                key: fact_key(id),
                order,
                fact: any_fact(&about, fact),
            },
            fingerprint: self.fingerprint(),
            parked_at: self.now(),
            traceparent: None,
            caller: Some(format!("caller-{}", self.steps)),
        })
    }

    fn request(&self, n: u8) -> RequestRecord {
        RequestRecord {
            key: key(n),
            fingerprint: self.fingerprint(),
        }
    }

    /// A fact is taken out of where it is kept only if its id is known: nobody takes out what was never
    /// put in.
    fn fact_record(&self, id: u8) -> FactRecord {
        let known = self.ask(&Call::FindFact(fact_key(id))) != Answer::Fact(None);
        FactRecord {
            key: fact_key(id),
            fingerprint: self.fingerprint(),
            leaves: match self.steps % 3 {
                1 if known => Leaves::Parking,
                2 if known => Leaves::DeadLetters,
                _ => Leaves::Nothing,
            },
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint(u128::MAX - u128::from(self.steps.unsigned_abs()))
    }

    fn cause(&self) -> Arc<Cause> {
        Arc::new(Cause {
            id: Some(format!("step-{}", self.steps)),
            ..Cause::default()
        })
    }
}
