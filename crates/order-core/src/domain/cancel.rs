//! Cancelling an order, or units of its lines.

use super::decision::Draft;
use super::fingerprint::Hasher;
use super::lifecycle::{settle, undone};
use super::limits::MAX_LINES;
use super::text_rules::check_reason;
use super::{
    Action, Cancellation, Cause, Decision, EventData, Fingerprint, LineQuantity, Order, OrderId,
    Refusal, State, Timestamp, Violations,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Order {
    /// Cancels what is asked for. Units of all that is left of an order of which nothing has left
    /// cancel the order.
    pub fn cancel(
        &self,
        ask: &Cancellation,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<Decision, Refusal> {
        let units = self.check_cancellation(ask)?;
        let action = if ask.lines.is_empty() {
            Action::Cancel
        } else {
            Action::CancelLines
        };
        self.allow(action)?;
        self.check_units(&ask.lines, &units)?;
        let mut draft = Draft::new(self, now, cause);
        for (line_no, quantity) in &units {
            if let Some(line) = draft.order.lines.get_mut(*line_no as usize - 1) {
                line.cancelled += quantity;
            }
        }
        let nothing_left = draft.order.lines.iter().all(|line| line.open() == 0);
        if ask.lines.is_empty() || (nothing_left && !self.shipped_any()) {
            // Units count as cancelled once the order is, since a parcel may still win the race.
            draft.order.lines.clone_from(&self.lines);
            self.request_cancellation(&mut draft, &ask.reason);
        } else {
            let lines = ask.lines.clone();
            draft.emit(EventData::LinesCancelled {
                lines,
                reason: ask.reason.clone(),
            });
        }
        Ok(settle(draft))
    }

    fn request_cancellation(&self, draft: &mut Draft, reason: &str) {
        draft.order.state = State::Cancelling;
        reason.clone_into(&mut draft.order.cancel_reason);
        // With nothing to undo the order is cancelled at once, and that one event says it all.
        if !undone(self) {
            draft.emit(EventData::CancellationRequested {
                reason: reason.to_owned(),
            });
        }
    }

    /// Checks the content, and adds up the units of each line.
    fn check_cancellation(&self, ask: &Cancellation) -> Result<BTreeMap<u32, u32>, Violations> {
        let mut all = Violations::new();
        check_reason(&mut all, "reason", &ask.reason);
        if ask.lines.len() > MAX_LINES {
            all.add("lines", format!("must have at most {MAX_LINES} lines"));
        }
        let known = self.lines.len();
        let mut units = BTreeMap::new();
        for (i, line) in ask.lines.iter().take(MAX_LINES).enumerate() {
            let line_no = u32::try_from(line.line_no)
                .ok()
                .filter(|no| *no >= 1 && *no as usize <= known);
            if line_no.is_none() {
                all.add(
                    format!("lines[{i}].line_no"),
                    format!("must be a line of the order, 1 to {known}"),
                );
            }
            let quantity = u32::try_from(line.quantity)
                .ok()
                .filter(|quantity| *quantity >= 1);
            if quantity.is_none() {
                all.add(format!("lines[{i}].quantity"), "must be at least 1");
            }
            if let (Some(line_no), Some(quantity)) = (line_no, quantity) {
                let sum: &mut u32 = units.entry(line_no).or_default();
                *sum = sum.saturating_add(quantity);
            }
        }
        all.into_result().map(|()| units)
    }

    /// Whether so many units can still be cancelled of each line.
    fn check_units(
        &self,
        asked: &[LineQuantity],
        units: &BTreeMap<u32, u32>,
    ) -> Result<(), Refusal> {
        for (line_no, quantity) in units {
            let left = self
                .lines
                .get(*line_no as usize - 1)
                .map_or(0, super::Line::cancellable);
            if *quantity > left {
                let first = asked
                    .iter()
                    .position(|line| line.line_no == i64::from(*line_no));
                return Err(Refusal::NotAllowed {
                    action: Action::CancelLines,
                    state: self.state,
                    reason: format!(
                        "lines[{}]: {left} units of line {line_no} are left that are neither shipped nor cancelled",
                        first.unwrap_or_default(),
                    ),
                });
            }
        }
        Ok(())
    }

    /// Refuses `action` where the order does not allow it now.
    pub(crate) fn allow(&self, action: Action) -> Result<(), Refusal> {
        match self.refusal_of(action) {
            None => Ok(()),
            Some(reason) => Err(Refusal::NotAllowed {
                action,
                state: self.state,
                reason: reason.to_owned(),
            }),
        }
    }
}

impl Cancellation {
    /// What the request says.
    pub fn fingerprint(&self, order_id: OrderId) -> Fingerprint {
        let mut hash = Hasher::of("cancel");
        hash.id(order_id);
        hash.text(&self.reason);
        hash.list(self.lines.iter(), |hash, line| {
            hash.number(line.line_no.into());
            hash.number(line.quantity.into());
        });
        hash.finish()
    }
}
