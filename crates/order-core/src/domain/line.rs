//! A placed line: what was ordered, its share of the order's amounts, and what became of it.

use super::Amount;

/// One line of an order. Everything but `cancelled` is written at placing and never changes; the
/// other counters are folds of the ledger ([`LineCounters`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// 1 for the first.
    pub line_no: u32,
    /// What is sold.
    pub sku: String,
    /// What it is called.
    pub name: Option<String>,
    /// How many were ordered.
    pub quantity: u32,
    /// Price of one.
    pub unit_price: Amount,
    /// The line's own discount.
    pub discount: Amount,
    /// The line's own tax.
    pub tax: Amount,
    /// Its share of the order's discount.
    pub allocated_discount: Amount,
    /// Its share of the order's tax.
    pub allocated_tax: Amount,
    /// quantity × `unit_price` − discount + tax − `allocated_discount` + `allocated_tax`.
    pub total: Amount,
    /// How many were cancelled.
    pub cancelled: u32,
    /// What the ledger says of this line.
    pub counters: LineCounters,
}

/// How many units of a line left, arrived and came back: folds of the ledger, shown as they are,
/// so a contradicting ledger may show more than was ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounters {
    /// Left the warehouse, in parcels that are not lost.
    pub shipped: u64,
    /// Arrived.
    pub delivered: u64,
    /// Came back.
    pub returned: u64,
}

impl Line {
    /// Units that are still wanted: ordered less cancelled.
    pub fn open(&self) -> u32 {
        self.quantity.saturating_sub(self.cancelled)
    }

    /// Units that may still be cancelled: wanted and not shipped.
    pub fn cancellable(&self) -> u32 {
        let shipped = u32::try_from(self.counters.shipped).unwrap_or(u32::MAX);
        self.open().saturating_sub(shipped)
    }

    /// What the cancelled units were worth: the line's total in proportion, rounded down, and all
    /// of it once every unit is cancelled.
    pub fn cancelled_amount(&self) -> Amount {
        let part =
            self.total.wide() * i128::from(self.cancelled) / i128::from(self.quantity.max(1));
        Amount::saturating(part)
    }
}
