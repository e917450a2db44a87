//! The written lifecycle and the three statuses that are derived from the ledger.

macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal / $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every value, in the order of their codes.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The public name, as in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The stored number: never changes once released, never used again for another value.
            pub const fn code(self) -> u8 {
                match self { $($name::$variant => $code),+ }
            }

            /// The value with this public name.
            pub fn parse(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.as_str() == text)
            }

            /// The value with this stored number.
            pub fn from_code(code: u8) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.code() == code)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use named_enum;

named_enum! {
    /// The written lifecycle of an order.
    State {
        /// Placed; waits for stock and payment.
        Pending = "PENDING" / 1,
        /// Stock is reserved and the payment terms are met.
        Confirmed = "CONFIRMED" / 2,
        /// A cancellation was accepted; money or stock is still to be undone.
        Cancelling = "CANCELLING" / 3,
        /// Cancelled; nothing is left to undo.
        Cancelled = "CANCELLED" / 4,
        /// Stock was refused.
        Rejected = "REJECTED" / 5,
        /// The deadline passed with nothing captured.
        Expired = "EXPIRED" / 6,
        /// Every open quantity is delivered and the payment is settled.
        Completed = "COMPLETED" / 7,
    }
}

impl State {
    /// Whether the order stays in this state for good.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            State::Cancelled | State::Rejected | State::Expired | State::Completed
        )
    }

    /// Whether the order came to nothing, or is on its way there: what was captured, authorised or
    /// reserved has to be given back.
    pub const fn is_undone(self) -> bool {
        matches!(
            self,
            State::Cancelling | State::Cancelled | State::Rejected | State::Expired
        )
    }
}

named_enum! {
    /// What the ledger says of the money.
    PaymentStatus {
        /// No money has moved.
        None = "NONE" / 1,
        /// Authorised up to the amount due.
        Authorized = "AUTHORIZED" / 2,
        /// Authorised, below the amount due.
        PartiallyAuthorized = "PARTIALLY_AUTHORIZED" / 3,
        /// Captured up to the amount due.
        Captured = "CAPTURED" / 4,
        /// Captured, below the amount due.
        PartiallyCaptured = "PARTIALLY_CAPTURED" / 5,
        /// Everything that was captured is refunded.
        Refunded = "REFUNDED" / 6,
        /// A part of what was captured is refunded.
        PartiallyRefunded = "PARTIALLY_REFUNDED" / 7,
        /// Authorisations were given and all are void.
        Voided = "VOIDED" / 8,
        /// Every attempt so far failed.
        Failed = "FAILED" / 9,
        /// A chargeback is open.
        Disputed = "DISPUTED" / 10,
    }
}

named_enum! {
    /// What the ledger says of the parcels.
    FulfillmentStatus {
        /// Nothing has left.
        Unfulfilled = "UNFULFILLED" / 1,
        /// A part of the open quantity has left.
        PartiallyShipped = "PARTIALLY_SHIPPED" / 2,
        /// All of the open quantity has left.
        Shipped = "SHIPPED" / 3,
        /// A part of the open quantity has arrived.
        PartiallyDelivered = "PARTIALLY_DELIVERED" / 4,
        /// All of the open quantity has arrived.
        Delivered = "DELIVERED" / 5,
    }
}

named_enum! {
    /// What the ledger says of goods that came back.
    ReturnStatus {
        /// Nothing came back.
        None = "NONE" / 1,
        /// A part of the open quantity came back.
        Partial = "PARTIAL" / 2,
        /// All of the open quantity came back.
        Returned = "RETURNED" / 3,
    }
}

named_enum! {
    /// What has to be paid before an order is confirmed.
    PaymentTerms {
        /// The amount due is authorised or captured.
        Authorize = "AUTHORIZE" / 1,
        /// The amount due is captured.
        Capture = "CAPTURE" / 2,
        /// Nothing: the customer pays an invoice.
        Invoice = "INVOICE" / 3,
    }
}
