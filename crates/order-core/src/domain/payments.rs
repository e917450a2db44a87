//! What the ledger says of the money: folds, never counters.

use super::ledger::effective;
use super::{
    Amount, Currency, PaymentFact, PaymentKind, PaymentRelease, PaymentStatus, PaymentTerms,
};

/// The ledger's sums as they are, so a contradicting ledger may show more refunded than captured.
/// Facts in another currency than the order's do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentSums {
    /// Promised.
    pub authorized: Amount,
    /// Taken.
    pub captured: Amount,
    /// Given back, without refunds that failed.
    pub refunded: Amount,
    /// Promises that were given back.
    pub voided: Amount,
}

/// Everything that decisions need of the money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Money {
    authorized: i128,
    captured: i128,
    refunded: i128,
    voided: i128,
    /// Σ over payments of what is promised or taken, whichever is more: a capture uses up its promise.
    secured: i128,
    failed: bool,
    disputed: bool,
    releases: Vec<PaymentRelease>,
}

impl Money {
    /// Folds `facts`, which are in canonical order.
    pub(crate) fn fold(facts: &[PaymentFact], currency: Currency) -> Money {
        let mut money = Money::default();
        let counted: Vec<&PaymentFact> = effective(facts)
            .filter(|fact| fact.currency.is_none_or(|of| of == currency))
            .collect();
        for payment in counted.chunk_by(|a, b| a.payment_id == b.payment_id) {
            money.add_payment(payment);
        }
        money
    }

    fn add_payment(&mut self, facts: &[&PaymentFact]) {
        let of = |kind| facts.iter().copied().filter(move |fact| fact.kind == kind);
        let sum = |kind| {
            of(kind)
                .filter_map(|fact| fact.amount)
                .map(Amount::wide)
                .sum::<i128>()
        };
        let has = |kind, reference: &str| of(kind).any(|fact| fact.reference == reference);

        let authorized = sum(PaymentKind::Authorized);
        let captured = sum(PaymentKind::Captured);
        let voids_all = of(PaymentKind::Voided).any(|fact| fact.amount.is_none());
        let voided = if voids_all {
            authorized
        } else {
            sum(PaymentKind::Voided)
        };
        self.authorized += authorized;
        self.captured += captured;
        self.voided += voided;
        self.refunded += of(PaymentKind::Refunded)
            .filter(|fact| !has(PaymentKind::RefundFailed, &fact.reference))
            .filter_map(|fact| fact.amount)
            .map(Amount::wide)
            .sum::<i128>();
        self.secured += (authorized - voided).max(captured);
        self.failed |= of(PaymentKind::Failed).next().is_some();
        self.disputed |= of(PaymentKind::ChargebackOpened)
            .any(|fact| !has(PaymentKind::ChargebackReversed, &fact.reference));
        let live = authorized - voided - captured;
        if live > 0 {
            self.releases.push(PaymentRelease {
                payment_id: facts[0].payment_id.clone(),
                amount: Amount::saturating(live),
            });
        }
    }

    /// The sums to show.
    pub(crate) fn sums(&self) -> PaymentSums {
        PaymentSums {
            authorized: Amount::saturating(self.authorized),
            captured: Amount::saturating(self.captured),
            refunded: Amount::saturating(self.refunded),
            voided: Amount::saturating(self.voided),
        }
    }

    /// The status when `due` is to be paid.
    pub(crate) fn status(&self, due: Amount) -> PaymentStatus {
        let due = due.wide();
        let live = self.secured - self.captured;
        if self.disputed {
            PaymentStatus::Disputed
        } else if self.refunded > 0 && self.refunded >= self.captured {
            PaymentStatus::Refunded
        } else if self.refunded > 0 {
            PaymentStatus::PartiallyRefunded
        } else if self.captured > 0 && self.captured >= due {
            PaymentStatus::Captured
        } else if self.captured > 0 {
            PaymentStatus::PartiallyCaptured
        } else if live > 0 && self.secured >= due {
            PaymentStatus::Authorized
        } else if live > 0 {
            PaymentStatus::PartiallyAuthorized
        } else if self.voided > 0 {
            PaymentStatus::Voided
        } else if self.failed {
            PaymentStatus::Failed
        } else {
            PaymentStatus::None
        }
    }

    /// Whether an order with these terms may be confirmed when `due` is to be paid.
    pub(crate) fn meets(&self, terms: PaymentTerms, due: Amount) -> bool {
        match terms {
            PaymentTerms::Authorize => self.secured >= due.wide(),
            PaymentTerms::Capture => self.captured >= due.wide(),
            PaymentTerms::Invoice => true,
        }
    }

    /// Whether an order with these terms is settled. Gross: a refund does not open it again.
    pub(crate) fn settles(&self, terms: PaymentTerms, due: Amount) -> bool {
        terms == PaymentTerms::Invoice || self.captured >= due.wide()
    }

    /// Whether any money was taken.
    pub(crate) fn any_captured(&self) -> bool {
        self.captured > 0
    }

    /// Taken and not given back: negative where more was given back than taken.
    pub(crate) fn kept(&self) -> i128 {
        self.captured - self.refunded
    }

    /// Taken, gross.
    pub(crate) fn captured(&self) -> i128 {
        self.captured
    }

    /// Given back.
    pub(crate) fn refunded(&self) -> i128 {
        self.refunded
    }

    /// Promises that are neither used nor given back, by payment.
    pub(crate) fn releases(&self) -> &[PaymentRelease] {
        &self.releases
    }
}
