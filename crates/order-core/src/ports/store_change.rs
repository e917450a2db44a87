//! What is handed to the store to be written, and what it answers.

use crate::domain::{
    Event, FactKey, Fingerprint, IdempotencyKey, IncomingFact, Order, OrderId, OrderRef, Timestamp,
};
use std::sync::Arc;

/// One change, written whole or not at all, independent of every other change of its batch.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new order.
    Place {
        /// Its events, at least one; the last one's order is the state to store.
        events: Vec<Event>,
        /// The key under which it is placed.
        request: RequestRecord,
    },
    /// A known order moves on.
    Advance {
        /// The version that the decision was made on.
        expected_version: u64,
        /// Its events, at least one, from `expected_version + 1` on without a gap.
        events: Vec<Event>,
        /// The key of the command, if it has one.
        request: Option<RequestRecord>,
        /// The fact that caused it, if one did.
        fact: Option<FactRecord>,
    },
    /// A fact that the order knows already came under another id: only the id is remembered.
    Remember {
        /// The order that knows it.
        order_id: OrderId,
        /// That order's version.
        version: u64,
        /// The id.
        fact: FactRecord,
    },
    /// A fact whose order is not known yet waits for it.
    Park(ParkedFact),
}

impl Change {
    /// The order as it will be stored; `None` where no order changes.
    pub fn order(&self) -> Option<&Arc<Order>> {
        match self {
            Change::Place { events, .. } | Change::Advance { events, .. } => {
                events.last().map(|event| &event.order)
            }
            Change::Remember { .. } | Change::Park(_) => None,
        }
    }
}

/// A command's idempotency key and what was asked under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The key.
    pub key: IdempotencyKey,
    /// What was asked, order and kind of command included.
    pub fingerprint: Fingerprint,
}

/// A fact's id and what was said under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRecord {
    /// `CloudEvents` source and id.
    pub key: FactKey,
    /// What was said.
    pub fingerprint: Fingerprint,
    /// Where it was kept until now: it leaves there in the same commit.
    pub leaves: Leaves,
}

/// Where a fact was kept before it is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaves {
    /// Nowhere: it has just come.
    #[default]
    Nothing,
    /// In the parking.
    Parking,
    /// Among the dead letters: an operator redrives it.
    DeadLetters,
}

/// A fact that waits for its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedFact {
    /// The fact.
    pub fact: IncomingFact,
    /// What was said.
    pub fingerprint: Fingerprint,
    /// When it came, by the store's clock.
    pub parked_at: Timestamp,
    /// W3C trace context of its message.
    pub traceparent: Option<String>,
    /// The caller who sent it.
    pub caller: Option<String>,
}

impl ParkedFact {
    /// The order that it waits for.
    pub fn order(&self) -> &OrderRef {
        &self.fact.order
    }
}

/// What became of a change. Only `Done` has written anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Written and durable.
    Done {
        /// `Place` only: whether facts wait for this order, to be applied now.
        facts_waiting: bool,
    },
    /// The idempotency key was used before: for this order, answered with this version.
    RequestKnown(StoredRequest),
    /// The fact's id was used before.
    FactKnown(StoredFact),
    /// The order is not at `expected_version` (or not there).
    VersionConflict,
    /// Another order has this `external_id`.
    ExternalIdTaken {
        /// That order.
        order_id: OrderId,
    },
    /// `Park` only: the order is known by now, so the fact can be applied.
    OrderKnown {
        /// The order.
        order_id: OrderId,
    },
}

/// What is stored of a command's idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// The order that the command placed or changed.
    pub order_id: OrderId,
    /// The version that was answered.
    pub version: u64,
    /// What was asked.
    pub fingerprint: Fingerprint,
}

/// What is stored of a fact's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFact {
    /// The order it was recorded in and that order's version after it; `None` while it is parked.
    pub order: Option<(OrderId, u64)>,
    /// What was said.
    pub fingerprint: Fingerprint,
}
