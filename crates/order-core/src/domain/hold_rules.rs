//! Putting holds on an order, and releasing them.

use super::contradictions::own_holds;
use super::decision::Draft;
use super::fingerprint::Hasher;
use super::lifecycle::settle;
use super::limits::MAX_HOLD_KIND_CHARS;
use super::text_rules::check_reason;
use super::{
    Action, Cause, Decision, EventData, Fingerprint, Hold, HoldKind, HoldRequest, Order, OrderId,
    Refusal, Timestamp, Violations,
};
use std::sync::Arc;

impl Order {
    /// Puts a caller's hold on the order.
    pub fn hold(
        &self,
        ask: &HoldRequest,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<Decision, Refusal> {
        check_hold(ask).into_result()?;
        self.allow(Action::Hold)?;
        let mut draft = Draft::new(self, now, cause);
        // Versions never come twice, so the id is unique on this order for good.
        let hold_id = format!("hold-{}", self.version + 1);
        let hold = Hold {
            hold_id,
            kind: ask.kind.clone(),
            reason: ask.reason.clone(),
        };
        draft.order.caller_holds.push(hold.clone());
        draft.emit(EventData::Held(hold));
        Ok(settle(draft))
    }

    /// Releases one hold, a caller's or the service's own; the order moves on if it was the last.
    pub fn release(
        &self,
        hold_id: &str,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<Decision, Refusal> {
        let unknown = || Refusal::UnknownHold {
            hold_id: hold_id.to_owned(),
        };
        let mut draft = Draft::new(self, now, cause);
        if let Some(at) = self
            .caller_holds
            .iter()
            .position(|hold| hold.hold_id == hold_id)
        {
            let hold = draft.order.caller_holds.remove(at);
            draft.emit(EventData::Released(hold));
        } else {
            let own = own_holds(self, &self.money());
            let own = own
                .into_iter()
                .find(|own| own.hold.hold_id == hold_id)
                .ok_or_else(unknown)?;
            draft
                .order
                .acknowledged
                .insert(hold_id.to_owned(), own.level);
            draft.tell_holds();
        }
        Ok(settle(draft))
    }
}

fn check_hold(ask: &HoldRequest) -> Violations {
    let mut all = Violations::new();
    let letters = ask
        .kind
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if !letters || ask.kind.is_empty() || ask.kind.len() > MAX_HOLD_KIND_CHARS {
        all.add(
            "kind",
            format!("must be 1 to {MAX_HOLD_KIND_CHARS} of A-Z and _"),
        );
    } else if HoldKind::parse(&ask.kind).is_some() {
        all.add(
            "kind",
            "is one that the service itself raises; choose another",
        );
    }
    check_reason(&mut all, "reason", &ask.reason);
    all
}

impl HoldRequest {
    /// What the request says.
    pub fn fingerprint(&self, order_id: OrderId) -> Fingerprint {
        let mut hash = Hasher::of("hold");
        hash.id(order_id);
        hash.text(&self.kind);
        hash.text(&self.reason);
        hash.finish()
    }
}

/// What a request to release a hold says.
pub fn release_fingerprint(order_id: OrderId, hold_id: &str) -> Fingerprint {
    let mut hash = Hasher::of("release");
    hash.id(order_id);
    hash.text(hold_id);
    hash.finish()
}
