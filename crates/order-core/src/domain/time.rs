//! Time as the domain sees it: a number that a clock port gave.

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (POSIX time).
///
/// Milliseconds, because a `UUIDv7` carries just these (RFC 9562 section 5.7) and an order's
/// `placed_at` is the time in its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00.000Z, the earliest that `google.protobuf.Timestamp` and RFC 3339 both hold.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);
    /// 9999-12-31T23:59:59.999Z, the latest that both hold.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// The time `millis` after the epoch; `None` outside [`Timestamp::MIN`] `..=` [`Timestamp::MAX`].
    pub const fn from_millis(millis: i64) -> Option<Timestamp> {
        if millis < Timestamp::MIN.0 || millis > Timestamp::MAX.0 {
            None
        } else {
            Some(Timestamp(millis))
        }
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// `millis` later, held at [`Timestamp::MAX`].
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(
            self.0
                .saturating_add(millis)
                .clamp(Timestamp::MIN.0, Timestamp::MAX.0),
        )
    }
}
