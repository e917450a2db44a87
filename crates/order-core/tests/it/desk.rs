//! One order and the shortest words for what happens to it.

use order_core::domain::{
    Amendment, Cancellation, Cause, Decision, Fact, HoldRequest, LineQuantity, NewOrder, Order,
    OrderId, Refusal, Timestamp,
};
use std::sync::Arc;

pub(crate) const NOW: i64 = 1_700_000_000_000;

pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

pub(crate) fn place(new: impl Into<NewOrder>) -> Order {
    Order::place(new.into(), OrderId::v7(time(NOW), 0, 7), 0, time(NOW)).unwrap()
}

/// An order on its way, with the types of all events so far.
pub(crate) struct Story {
    pub(crate) order: Order,
    pub(crate) events: Vec<&'static str>,
    now: i64,
}

impl Story {
    pub(crate) fn of(new: impl Into<NewOrder>) -> Story {
        Story {
            order: place(new),
            events: Vec::new(),
            now: NOW,
        }
    }

    /// Records facts; gives the types of the events that the last one caused.
    pub(crate) fn told(&mut self, facts: impl IntoIterator<Item = Fact>) -> Vec<&'static str> {
        let mut last = Vec::new();
        for fact in facts {
            let now = self.tick();
            last = self.follow(self.order.record(fact, now, cause())).unwrap();
        }
        last
    }

    pub(crate) fn cancel(&mut self, lines: &[(i64, i64)]) -> Result<Vec<&'static str>, Refusal> {
        let lines = lines
            .iter()
            .map(|&(line_no, quantity)| LineQuantity { line_no, quantity })
            .collect();
        let now = self.tick();
        self.follow(self.order.cancel(
            &Cancellation {
                reason: "changed my mind".into(),
                lines,
            },
            now,
            cause(),
        ))
    }

    pub(crate) fn amend(&mut self, patch: &Amendment) -> Result<Vec<&'static str>, Refusal> {
        let now = self.tick();
        self.follow(self.order.amend(patch, now, cause()))
    }

    pub(crate) fn hold(&mut self, kind: &str) -> Result<Vec<&'static str>, Refusal> {
        let now = self.tick();
        let ask = HoldRequest {
            kind: kind.into(),
            reason: "to be looked at".into(),
        };
        self.follow(self.order.hold(&ask, now, cause()))
    }

    pub(crate) fn release(&mut self, hold_id: &str) -> Result<Vec<&'static str>, Refusal> {
        let now = self.tick();
        self.follow(self.order.release(hold_id, now, cause()))
    }

    pub(crate) fn expire(&mut self, at: i64) -> Vec<&'static str> {
        self.follow(Ok(self.order.expire(time(at), cause())))
            .unwrap()
    }

    /// The ids of the holds.
    pub(crate) fn holds(&self) -> Vec<&str> {
        self.order
            .holds
            .iter()
            .map(|hold| hold.hold_id.as_str())
            .collect()
    }

    fn follow(
        &mut self,
        decision: Result<Decision, Refusal>,
    ) -> Result<Vec<&'static str>, Refusal> {
        let decision = decision?;
        let types: Vec<_> = decision
            .events
            .iter()
            .map(|event| event.data.type_name())
            .collect();
        if let Some(last) = decision.events.last() {
            self.order = Order::clone(&last.order);
        }
        self.events.extend(&types);
        Ok(types)
    }

    fn tick(&mut self) -> Timestamp {
        self.now += 1;
        time(self.now)
    }
}

pub(crate) fn cause() -> Arc<Cause> {
    Arc::new(Cause::default())
}
