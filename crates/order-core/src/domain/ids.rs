//! The order's own number.

use super::Timestamp;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// An order's id: a UUID, version 7 for orders that this service placed (RFC 9562), so that the
/// order of ids is the order of placing and the id tells when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(u128);

/// The text is no UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID such as 019329c3-7d35-7a11-8f30-2f6ed4c2a9d1")]
pub struct InvalidOrderId;

impl OrderId {
    /// The id that stands in the preview of an order that was only validated, never placed.
    pub const NIL: OrderId = OrderId(0);

    /// The id with this value, of whatever UUID version.
    pub const fn from_u128(value: u128) -> OrderId {
        OrderId(value)
    }

    /// A version 7 id: 48 bits of `at`, 12 bits `counter` (above that, ignored), 62 bits `random`.
    pub const fn v7(at: Timestamp, counter: u16, random: u64) -> OrderId {
        let millis = millis_48(at);
        let head = (millis << 80) | (0x7 << 76) | ((counter as u128 & 0xFFF) << 64);
        OrderId(head | (0b10 << 62) | (random as u128 & 0x3FFF_FFFF_FFFF_FFFF))
    }

    /// The smallest version 7 id of this time: a bound for "placed at or after".
    pub const fn floor_of(at: Timestamp) -> OrderId {
        OrderId(millis_48(at) << 80)
    }

    /// The id's value.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// The id's 16 bytes, most significant first, so that their order is the ids' order.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The time that a version 7 id carries, in milliseconds.
    pub fn placed_at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0 >> 80).unwrap_or(0)).unwrap_or(Timestamp::MAX)
    }
}

/// The 48 bits of an id's time; a time that does not fit is held at the range's end.
const fn millis_48(at: Timestamp) -> u128 {
    const MAX: u64 = (1 << 48) - 1;
    let millis = at.millis();
    let millis = if millis < 0 { 0 } else { millis.unsigned_abs() };
    if millis > MAX {
        MAX as u128
    } else {
        millis as u128
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_u128(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for OrderId {
    type Err = InvalidOrderId;

    fn from_str(text: &str) -> Result<OrderId, InvalidOrderId> {
        // Only the hyphenated form: one order has one spelling in URLs, logs and keys.
        if text.len() != 36 {
            return Err(InvalidOrderId);
        }
        Uuid::try_parse(text)
            .map(|id| OrderId(id.as_u128()))
            .map_err(|_| InvalidOrderId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v7_sorts_by_time_then_counter_and_tells_its_time() {
        let at = Timestamp::from_millis(1_700_000_000_123).unwrap();
        let first = OrderId::v7(at, 1, u64::MAX);
        let second = OrderId::v7(at, 2, 0);
        assert!(first < second && second < OrderId::v7(at.plus_millis(1), 0, 0));
        assert_eq!(first.placed_at(), at);
        assert_eq!(OrderId::floor_of(Timestamp::MIN), OrderId::NIL);
        assert!(OrderId::floor_of(Timestamp::MAX) > OrderId::v7(at, 0, 0));
        assert!(OrderId::floor_of(at) <= OrderId::v7(at, 0, 0));
        let text = first.to_string();
        assert_eq!(&text[14..15], "7");
        assert_eq!(text.parse(), Ok(first));
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        for text in [
            "",
            "019329c37d357a118f302f6ed4c2a9d1",
            "{019329c3-7d35-7a11-8f30-2f6ed4c2a9d1}",
            "x19329c3-7d35-7a11-8f30-2f6ed4c2a9d1",
        ] {
            assert_eq!(text.parse::<OrderId>(), Err(InvalidOrderId), "{text}");
        }
    }
}
