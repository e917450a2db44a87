//! The order: what is stored, and what is derived from it.

use super::{
    Address, Amount, Currency, Fact, FulfillmentStatus, Hold, Ledger, Line, OrderId, PaymentStatus,
    PaymentSums, PaymentTerms, Return, ReturnStatus, Shipment, State, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// An order. Outside this crate it is read, stored and restored; only the domain's own decisions
/// (`place`, `record`, `cancel`, `amend`, `hold`, `release`, `expire`) change one.
///
/// The first part is written; the second, from `totals` on, is a function of the first
/// ([`Order::derive`]) and is never stored as a second truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our number.
    pub order_id: OrderId,
    /// The feed partition that the order's events go to, chosen at placing.
    pub partition: u16,
    /// The number of events so far; the `ETag`.
    pub version: u64,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When its last event happened.
    pub updated_at: Timestamp,
    /// The caller's own number.
    pub external_id: Option<String>,
    /// Whose order it is.
    pub customer_id: String,
    /// The currency of every amount of the order.
    pub currency: Currency,
    /// 1 to 1,000; `line_no` is the index + 1.
    pub lines: Vec<Line>,
    /// The order-level discount, before it is spread.
    pub discount: Amount,
    /// For shipping.
    pub shipping: Amount,
    /// The order-level tax, before it is spread.
    pub tax: Amount,
    /// What has to be paid before it is confirmed.
    pub payment_terms: PaymentTerms,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// The caller's own pairs.
    pub metadata: BTreeMap<String, String>,
    /// It expires if it is not confirmed by then.
    pub confirm_before: Option<Timestamp>,
    /// Whether the deadline has passed and was dealt with, so that it is not dealt with again.
    pub deadline_handled: bool,
    /// The written lifecycle.
    pub state: State,
    /// The words of the cancellation that is under way or done; empty without one.
    pub cancel_reason: String,
    /// Whether a shipment beat a cancellation.
    pub shipped_while_cancelling: bool,
    /// Every fact, once, in canonical order.
    pub ledger: Ledger,
    /// What callers put on hold.
    pub caller_holds: Vec<Hold>,
    /// The service's own holds that somebody released, with the level they had: a hold comes back
    /// only when its matter has grown beyond what was looked at.
    pub acknowledged: BTreeMap<String, i64>,
    /// What has been asked for by `*_due` events, so that nothing is asked for twice.
    pub asked: Asked,

    /// Derived: the order's sums.
    pub totals: Totals,
    /// Derived: the ledger's money.
    pub payment: PaymentSums,
    /// Derived.
    pub payment_status: PaymentStatus,
    /// Derived.
    pub fulfillment_status: FulfillmentStatus,
    /// Derived.
    pub return_status: ReturnStatus,
    /// Derived: the parcels.
    pub shipments: Vec<Shipment>,
    /// Derived: what came back.
    pub returns: Vec<Return>,
    /// Derived: the callers' holds, then the service's own by their id.
    pub holds: Vec<Hold>,
}

/// The order's sums: subtotal − discount + shipping + tax = total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Σ quantity × `unit_price`.
    pub subtotal: Amount,
    /// Every discount, of lines and order.
    pub discount: Amount,
    /// Shipping.
    pub shipping: Amount,
    /// Every tax, of lines and order.
    pub tax: Amount,
    /// What the order costs.
    pub total: Amount,
}

/// What `*_due` events have asked for so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Refunds asked for, gross.
    pub refund: Amount,
    /// Reservations whose release was asked for.
    pub reservation_ids: BTreeSet<String>,
    /// Payments whose release was asked for, with the amount last asked for.
    pub payments: BTreeMap<String, Amount>,
}

impl Order {
    /// The entity tag's text: `v3`.
    pub fn etag(&self) -> String {
        format!("v{}", self.version)
    }

    /// The total less what was cancelled: what has to be paid, for confirming and settling alike.
    pub fn amount_due(&self) -> Amount {
        if self.lines.iter().all(|line| line.open() == 0) {
            return Amount::ZERO;
        }
        let cancelled: i128 = self
            .lines
            .iter()
            .map(|line| line.cancelled_amount().wide())
            .sum();
        Amount::saturating(self.totals.total.wide() - cancelled)
    }

    /// The deadline that is still ahead of the order: pending, and not dealt with.
    pub fn open_deadline(&self) -> Option<Timestamp> {
        let waits = self.state == State::Pending && !self.deadline_handled;
        self.confirm_before.filter(|_| waits)
    }

    /// Whether the ledger knows this fact by its business key and content.
    pub fn knows(&self, fact: &Fact) -> bool {
        self.ledger.knows(fact)
    }
}
