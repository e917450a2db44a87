//! What of an order is a function of the rest.

use super::Order;
use super::contradictions::own_holds;
use super::payments::Money;
use super::place_rules::sums;
use super::shipping::{count, fulfillment, return_status, returns, shipments};

impl Order {
    /// Computes everything that is derived, after the written part has changed or was read.
    pub fn derive(&mut self) {
        // Placed lines passed the checks of placing, so their sums are in range.
        self.totals =
            sums(&self.lines, self.discount, self.shipping, self.tax).unwrap_or(self.totals);
        self.derive_from_ledger();
    }

    /// As [`Order::derive`], without what is fixed at placing.
    pub(crate) fn derive_from_ledger(&mut self) {
        if !self.ledger.is_empty() {
            self.shipments = shipments(&self.ledger);
            self.returns = returns(&self.ledger);
            count(&mut self.lines, &self.shipments, &self.returns);
        }
        let money = self.money();
        self.payment = money.sums();
        self.payment_status = money.status(self.amount_due());
        self.fulfillment_status = fulfillment(&self.lines);
        self.return_status = return_status(&self.lines);
        let own = own_holds(self, &money);
        self.holds.clone_from(&self.caller_holds);
        self.holds.extend(own.into_iter().map(|own| own.hold));
    }

    /// The ledger's money.
    pub(crate) fn money(&self) -> Money {
        Money::fold(self.ledger.payments(), self.currency)
    }
}
