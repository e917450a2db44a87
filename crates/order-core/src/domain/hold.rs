//! Holds: they keep an order from moving forward, and never keep a fact out.

use super::status::named_enum;

/// One reason why an order does not move forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Names the hold when it is released. A caller's: `hold-<version>`; the service's own say
    /// what they are about, such as `contradiction.over-refund`.
    pub hold_id: String,
    /// `[A-Z_]{1,40}`; the service's own kinds are [`HoldKind`].
    pub kind: String,
    /// Why, for people.
    pub reason: String,
}

named_enum! {
    /// The kinds of hold that the service itself raises.
    HoldKind {
        /// A fact contradicts the order or another fact.
        Contradiction = "CONTRADICTION" / 1,
        /// Captured more than refunded though the order came to nothing; released by the refund.
        RefundDue = "REFUND_DUE" / 2,
        /// A parcel left while the order was being cancelled.
        ShippedWhileCancelling = "SHIPPED_WHILE_CANCELLING" / 3,
        /// The deadline passed, but money had been captured.
        DeadlinePassedPaid = "DEADLINE_PASSED_PAID" / 4,
    }
}
