//! The lifecycle: what follows by itself once something has changed.
//!
//! After every change the order moves as far as it can go. What it may do depends on the ledger
//! and the state alone, so the arrival order of facts does not show in where it ends.

use super::decision::Draft;
use super::payments::Money;
use super::{
    Amount, Cause, Decision, EventData, Order, PaymentRelease, State, StockKind, Timestamp,
};
use std::sync::Arc;

/// Moves the order as far as it goes, asks for what is to be given back, and ends the decision.
pub(crate) fn settle(mut draft: Draft) -> Decision {
    draft.tell_holds();
    while let Some(event) = next_move(&mut draft.order, &draft.words) {
        draft.emit(event);
        draft.tell_holds();
    }
    ask_for_releases(&mut draft);
    draft.finish()
}

/// Makes the next move that is open, and tells what it was. `words` are those of the fact at hand.
fn next_move(order: &mut Order, words: &str) -> Option<EventData> {
    let (state, event) = match order.state {
        State::Pending => pending_move(order, words)?,
        State::Confirmed if completes(order) => (State::Completed, EventData::Completed),
        State::Cancelling if order.shipped_any() => {
            order.shipped_while_cancelling = true;
            (State::Confirmed, EventData::Confirmed)
        }
        State::Cancelling if undone(order) => {
            cancel_every_unit(order);
            (
                State::Cancelled,
                EventData::Cancelled {
                    reason: order.cancel_reason.clone(),
                },
            )
        }
        _ => return None,
    };
    order.state = state;
    Some(event)
}

fn pending_move(order: &Order, words: &str) -> Option<(State, EventData)> {
    if order
        .ledger
        .stock()
        .iter()
        .any(|fact| fact.kind == StockKind::Refused)
    {
        return Some((
            State::Rejected,
            EventData::Rejected {
                reason: words.to_owned(),
            },
        ));
    }
    let reserved = live_reservations(order).next().is_some();
    let paid = order.money().meets(order.payment_terms, order.amount_due());
    (reserved && paid && order.holds.is_empty()).then_some((State::Confirmed, EventData::Confirmed))
}

fn completes(order: &Order) -> bool {
    let delivered = order.fulfillment_status == super::FulfillmentStatus::Delivered;
    delivered
        && order.holds.is_empty()
        && order
            .money()
            .settles(order.payment_terms, order.amount_due())
}

/// Whether neither money nor stock is left to give back.
pub(crate) fn undone(order: &Order) -> bool {
    let money = order.money();
    live_reservations(order).next().is_none() && money.releases().is_empty() && money.kept() <= 0
}

fn cancel_every_unit(order: &mut Order) {
    for line in &mut order.lines {
        line.cancelled = line.quantity;
    }
}

/// Reservations that are neither refused nor given back.
fn live_reservations(order: &Order) -> impl Iterator<Item = &str> {
    let stock = order.ledger.stock();
    let released = move |id: &str| {
        stock
            .iter()
            .any(|fact| fact.kind == StockKind::Released && fact.reservation_id == id)
    };
    stock
        .iter()
        .filter(|fact| fact.kind == StockKind::Reserved)
        .map(|fact| fact.reservation_id.as_str())
        .filter(move |id| !released(id))
}

/// Tells what is to be given back and was not asked for before.
fn ask_for_releases(draft: &mut Draft) {
    let money = draft.order.money();
    if draft.order.state.is_undone() {
        ask_for_stock(draft);
        ask_for_authorisations(draft, &money);
    }
    let amount = refund_to_ask(&mut draft.order, &money);
    if amount > Amount::ZERO {
        let currency = draft.order.currency;
        draft.emit(EventData::RefundDue { amount, currency });
    }
}

fn ask_for_stock(draft: &mut Draft) {
    let asked = &draft.order.asked.reservation_ids;
    let reservation_ids: Vec<String> = live_reservations(&draft.order)
        .filter(|id| !asked.contains(*id))
        .map(str::to_owned)
        .collect();
    if !reservation_ids.is_empty() {
        draft
            .order
            .asked
            .reservation_ids
            .extend(reservation_ids.iter().cloned());
        draft.emit(EventData::StockReleaseDue { reservation_ids });
    }
}

fn ask_for_authorisations(draft: &mut Draft, money: &Money) {
    let asked = &draft.order.asked.payments;
    let more = |release: &&PaymentRelease| {
        asked
            .get(&release.payment_id)
            .is_none_or(|told| release.amount > *told)
    };
    let payments: Vec<PaymentRelease> = money.releases().iter().filter(more).cloned().collect();
    if !payments.is_empty() {
        let told = payments
            .iter()
            .map(|release| (release.payment_id.clone(), release.amount));
        draft.order.asked.payments.extend(told);
        draft.emit(EventData::PaymentReleaseDue { payments });
    }
}

/// How much more is to be refunded: all that was captured for an order that came to nothing, else
/// what was captured beyond the amount due once units were cancelled.
fn refund_to_ask(order: &mut Order, money: &Money) -> Amount {
    let target = if order.state.is_undone() {
        money.captured()
    } else if order.lines.iter().any(|line| line.cancelled > 0) {
        (money.captured() - order.amount_due().wide()).max(0)
    } else {
        0
    };
    let done = order.asked.refund.wide().max(money.refunded());
    if target <= done {
        return Amount::ZERO;
    }
    order.asked.refund = Amount::saturating(target);
    Amount::saturating(target - done)
}

impl Order {
    /// What follows from the deadline at `now`: expiry, or a hold if money was captured. No event if
    /// the deadline is not due.
    pub fn expire(&self, now: Timestamp, cause: Arc<Cause>) -> Decision {
        if self.open_deadline().is_none_or(|deadline| deadline > now) {
            return Decision::default();
        }
        let mut draft = Draft::new(self, now, cause);
        draft.order.deadline_handled = true;
        if !self.money().any_captured() {
            draft.order.state = State::Expired;
            draft.emit(EventData::Expired);
        }
        settle(draft)
    }
}
