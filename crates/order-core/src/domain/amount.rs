//! Money as whole minor units (cents, yen, fils …): no float, no rounding, no currency arithmetic.

use std::fmt;

/// An amount of minor units of some currency, `0 ..= 2^53 − 1`.
///
/// The upper bound is the largest integer that every JSON reader keeps exactly (RFC 8259 section 6).
/// How many minor units make one major unit is the currency's matter
/// ([`Currency::exponent`](super::Currency::exponent)), never a fixed 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);
    /// The largest amount, `2^53 − 1`.
    pub const MAX: Amount = Amount((1 << 53) - 1);

    /// The amount of `minor` minor units; `None` if negative or above [`Amount::MAX`].
    pub const fn new(minor: i64) -> Option<Amount> {
        if minor < 0 || minor > Amount::MAX.0 {
            None
        } else {
            Some(Amount(minor))
        }
    }

    /// The amount nearest to `minor` that can be shown: sums of a ledger may exceed the range,
    /// and are shown as its end rather than wrapped.
    pub fn saturating(minor: i128) -> Amount {
        Amount(i64::try_from(minor.clamp(0, i128::from(Amount::MAX.0))).unwrap_or(Amount::MAX.0))
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// `self + other`, `None` above [`Amount::MAX`].
    pub const fn checked_add(self, other: Amount) -> Option<Amount> {
        Amount::new(self.0 + other.0)
    }

    /// `self − other`, `None` below zero.
    pub const fn checked_sub(self, other: Amount) -> Option<Amount> {
        Amount::new(self.0 - other.0)
    }

    /// `self × count`, `None` above [`Amount::MAX`].
    pub fn checked_mul(self, count: u32) -> Option<Amount> {
        self.0.checked_mul(i64::from(count)).and_then(Amount::new)
    }

    /// `self − other`, zero where that would be negative.
    #[must_use]
    pub fn saturating_sub(self, other: Amount) -> Amount {
        Amount((self.0 - other.0).max(0))
    }

    /// Wide enough to add up any number of amounts.
    pub fn wide(self) -> i128 {
        i128::from(self.0)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_ends_are_kept() {
        assert_eq!(Amount::new(-1), None);
        assert_eq!(Amount::new(9_007_199_254_740_991), Some(Amount::MAX));
        assert_eq!(Amount::new(9_007_199_254_740_992), None);
        assert_eq!(Amount::MAX.checked_add(Amount(1)), None);
        assert_eq!(Amount(1).checked_sub(Amount(2)), None);
        assert_eq!(Amount::MAX.checked_mul(1_000_000), None);
        assert_eq!(Amount::saturating(i128::MAX), Amount::MAX);
        assert_eq!(Amount::saturating(-5), Amount::ZERO);
    }
}
