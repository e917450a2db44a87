//! The ledger: every fact of an order once, in an order that does not depend on their arrival.

use super::{Fact, PaymentFact, ReturnFact, ShipmentFact, StockFact};
use std::cmp::Ordering;

/// Every fact of an order. The lists are sorted by business key, then content, so that two orders
/// which were told the same facts have equal ledgers, whatever came first. A producer's reasons are
/// for people and may be worded anew with each repetition: events carry them, the ledger does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    payments: Vec<PaymentFact>,
    stock: Vec<StockFact>,
    shipments: Vec<ShipmentFact>,
    returns: Vec<ReturnFact>,
}

/// What recording a fact found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It was not known.
    New,
    /// The same was known under the same business key; nothing was recorded.
    Known,
}

/// What the ledger needs to know of a kind of fact.
pub(crate) trait Entry: Ord {
    /// The order of business keys; the first part of the canonical order.
    fn key_order(&self, other: &Self) -> Ordering;
    /// Whether both say the same of it. Reasons do not count; the ledger keeps none.
    fn same_substance(&self, other: &Self) -> bool;
}

impl Entry for PaymentFact {
    fn key_order(&self, other: &Self) -> Ordering {
        (&self.payment_id, self.kind, &self.reference).cmp(&(
            &other.payment_id,
            other.kind,
            &other.reference,
        ))
    }

    fn same_substance(&self, other: &Self) -> bool {
        (self.amount, self.currency) == (other.amount, other.currency)
    }
}

impl Entry for StockFact {
    fn key_order(&self, other: &Self) -> Ordering {
        (&self.reservation_id, self.kind).cmp(&(&other.reservation_id, other.kind))
    }

    fn same_substance(&self, _: &Self) -> bool {
        true
    }
}

impl Entry for ShipmentFact {
    fn key_order(&self, other: &Self) -> Ordering {
        (&self.shipment_id, self.kind).cmp(&(&other.shipment_id, other.kind))
    }

    fn same_substance(&self, other: &Self) -> bool {
        (&self.lines, &self.carrier, &self.tracking_number)
            == (&other.lines, &other.carrier, &other.tracking_number)
    }
}

impl Entry for ReturnFact {
    fn key_order(&self, other: &Self) -> Ordering {
        self.return_id.cmp(&other.return_id)
    }

    fn same_substance(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Ledger {
    /// The ledger that holds these facts, in whatever order they come.
    pub fn from_facts(facts: impl IntoIterator<Item = Fact>) -> Ledger {
        let mut ledger = Ledger::default();
        for fact in facts {
            ledger.record(fact);
        }
        ledger
    }

    /// Adds `fact` unless it is known.
    pub(crate) fn record(&mut self, fact: Fact) -> Recorded {
        match fact {
            Fact::Payment(fact) => record(
                &mut self.payments,
                PaymentFact {
                    reason: String::new(),
                    ..fact
                },
            ),
            Fact::Stock(fact) => record(
                &mut self.stock,
                StockFact {
                    reason: String::new(),
                    ..fact
                },
            ),
            Fact::Shipment(fact) => record(&mut self.shipments, fact),
            Fact::Return(fact) => record(&mut self.returns, fact),
        }
    }

    /// Whether the same is known under the same business key.
    pub(crate) fn knows(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Payment(fact) => knows(&self.payments, fact),
            Fact::Stock(fact) => knows(&self.stock, fact),
            Fact::Shipment(fact) => knows(&self.shipments, fact),
            Fact::Return(fact) => knows(&self.returns, fact),
        }
    }

    /// How many facts it holds.
    pub fn len(&self) -> usize {
        self.payments.len() + self.stock.len() + self.shipments.len() + self.returns.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Facts of money, by payment.
    pub fn payments(&self) -> &[PaymentFact] {
        &self.payments
    }

    /// Facts of stock, by reservation.
    pub fn stock(&self) -> &[StockFact] {
        &self.stock
    }

    /// Facts of parcels, by parcel.
    pub fn shipments(&self) -> &[ShipmentFact] {
        &self.shipments
    }

    /// Facts of returns, by return.
    pub fn returns(&self) -> &[ReturnFact] {
        &self.returns
    }
}

fn record<T: Entry>(list: &mut Vec<T>, fact: T) -> Recorded {
    if knows(list, &fact) {
        return Recorded::Known;
    }
    let at = list.partition_point(|known| *known < fact);
    list.insert(at, fact);
    Recorded::New
}

fn knows<T: Entry>(list: &[T], fact: &T) -> bool {
    let first = list.partition_point(|known| known.key_order(fact).is_lt());
    let mut same = list[first..]
        .iter()
        .take_while(|known| same_key(*known, fact));
    same.any(|known| known.same_substance(fact))
}

fn same_key<T: Entry>(a: &T, b: &T) -> bool {
    a.key_order(b).is_eq()
}

/// The facts that count: of those with one business key, the first in canonical order. Which one is
/// right nobody here can tell, so any fixed choice does; that there are several is a contradiction.
pub(crate) fn effective<T: Entry>(list: &[T]) -> impl Iterator<Item = &T> {
    list.iter()
        .enumerate()
        .filter(|(i, fact)| *i == 0 || !same_key(&list[i - 1], *fact))
        .map(|(_, fact)| fact)
}

/// The facts whose business key is taken by another one that says something else.
pub(crate) fn conflicting<T: Entry>(list: &[T]) -> impl Iterator<Item = &T> {
    list.windows(2)
        .filter(|pair| same_key(&pair[0], &pair[1]))
        .map(|pair| &pair[1])
}
