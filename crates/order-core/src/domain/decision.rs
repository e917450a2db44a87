//! A decision in the making: an order that moves on, and the events that say how.

use super::{Cause, Event, EventData, Hold, Order, Timestamp};
use std::sync::Arc;

/// What was decided: the events, in order. The last one's order is the order's new state; no event
/// means that nothing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What happened.
    pub events: Vec<Event>,
    /// Whether the service itself put a hold on the order.
    pub held: bool,
}

/// An order while it is being decided upon.
pub(crate) struct Draft {
    pub(crate) order: Order,
    now: Timestamp,
    cause: Arc<Cause>,
    events: Vec<Event>,
    /// The service's own holds that events have told of.
    told: Vec<Hold>,
    /// The reason that the fact at hand gives.
    pub(crate) words: String,
    held: bool,
}

impl Draft {
    pub(crate) fn new(order: &Order, now: Timestamp, cause: Arc<Cause>) -> Draft {
        let told = order.holds[order.caller_holds.len()..].to_vec();
        Draft {
            order: order.clone(),
            now,
            cause,
            events: Vec::new(),
            told,
            words: String::new(),
            held: false,
        }
    }

    /// Adds the event that says what has just been changed in `order`.
    pub(crate) fn emit(&mut self, data: EventData) {
        self.order.version += 1;
        // A clock that steps back must not make an order look older than it was.
        self.order.updated_at = self.order.updated_at.max(self.now);
        self.order.derive_from_ledger();
        self.events.push(Event {
            data,
            time: self.now,
            cause: Arc::clone(&self.cause),
            order: Arc::new(self.order.clone()),
        });
    }

    /// Tells of the service's own holds that came or went since the last time.
    pub(crate) fn tell_holds(&mut self) {
        self.order.derive_from_ledger();
        let own = self.order.holds[self.order.caller_holds.len()..].to_vec();
        let before = std::mem::replace(&mut self.told, own.clone());
        let absent =
            |hold: &&Hold, list: &[Hold]| !list.iter().any(|other| other.hold_id == hold.hold_id);
        for hold in before.iter().filter(|hold| absent(hold, &own)) {
            self.emit(EventData::Released(hold.clone()));
        }
        for hold in own.iter().filter(|hold| absent(hold, &before)) {
            self.held = true;
            self.emit(EventData::Held(hold.clone()));
        }
    }

    /// The decision as it stands.
    pub(crate) fn finish(self) -> Decision {
        Decision {
            events: self.events,
            held: self.held,
        }
    }
}
