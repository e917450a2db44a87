//! What several messages have in common: ids, times, etags, units of lines.

use crate::v1;
use order_core::domain::{self, InvalidOrderId, LineQuantity, OrderId, Timestamp, Violations};
use prost_types::Timestamp as WireTime;

const NANOS_A_MILLI: i32 = 1_000_000;
const NANOS_A_SECOND: i32 = 1_000_000_000;
const MILLIS_A_SECOND: i64 = 1_000;

/// The order that a message names; the nil id where it names none, which is told.
pub fn order_id(text: &str, wrong: &mut Violations) -> OrderId {
    text.parse().unwrap_or_else(|error: InvalidOrderId| {
        wrong.add("order_id", error.to_string());
        OrderId::NIL
    })
}

/// The versions to which a change may apply: that of the etag (`v3`, in quotation marks too, as REST's
/// header has it); `None` without one: to any. A weak tag matches none (RFC 9110 section 13.1.1).
pub fn expected_versions(etag: &str, wrong: &mut Violations) -> Option<Vec<u64>> {
    if etag.is_empty() {
        return None;
    }
    let (tag, weak) = match etag.strip_prefix("W/") {
        Some(tag) => (tag, true),
        None => (etag, false),
    };
    let tag = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .unwrap_or(tag);
    // One version has one spelling: no leading zeros, no sign.
    let digits = tag
        .strip_prefix('v')
        .filter(|digits| !digits.starts_with(['0', '+']));
    let version = digits.and_then(|digits| digits.parse().ok());
    if version.is_none() {
        wrong.add("etag", "must be an etag as orders bear it, such as v3");
        // Nothing is changed then; the rest is examined as if there were no condition.
        return None;
    }
    Some(version.filter(|_| !weak).into_iter().collect())
}

/// Units of lines, as wide as the message's.
pub fn line_quantities(lines: &[v1::LineQuantity]) -> Vec<LineQuantity> {
    let one = |line: &v1::LineQuantity| LineQuantity {
        line_no: line.line_no,
        quantity: line.quantity,
    };
    lines.iter().map(one).collect()
}

/// The time, cut to the millisecond; `None` outside the years 1 to 9999, which is told.
pub(super) fn time(wire: WireTime, field: &str, wrong: &mut Violations) -> Option<Timestamp> {
    let millis = wire.seconds.checked_mul(MILLIS_A_SECOND);
    let millis = millis
        .filter(|_| (0..NANOS_A_SECOND).contains(&wire.nanos))
        .and_then(|millis| millis.checked_add((wire.nanos / NANOS_A_MILLI).into()));
    let time = millis.and_then(Timestamp::from_millis);
    if time.is_none() {
        wrong.add(
            field,
            "must be a time from the year 1 to 9999, its nanos from 0 to 999999999",
        );
    }
    time
}

/// A time, written out.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a remainder of 1,000 times 1,000,000 fits 32 bits"
)]
pub(super) const fn wire_time(time: Timestamp) -> WireTime {
    WireTime {
        seconds: time.millis().div_euclid(MILLIS_A_SECOND),
        nanos: time.millis().rem_euclid(MILLIS_A_SECOND) as i32 * NANOS_A_MILLI,
    }
}

/// Units of lines, written out.
pub(super) fn wire_units(lines: &[(u32, u32)]) -> Vec<v1::LineQuantity> {
    let one = |&(line_no, quantity): &(u32, u32)| v1::LineQuantity {
        line_no: line_no.into(),
        quantity: quantity.into(),
    };
    lines.iter().map(one).collect()
}

/// A count or version, written out. Both stay far below 2^63.
pub(super) fn wire_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A hold, written out.
pub(super) fn wire_hold(hold: &domain::Hold) -> v1::Hold {
    v1::Hold {
        hold_id: hold.hold_id.clone(),
        kind: hold.kind.clone(),
        reason: hold.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_the_millisecond_and_read_back() {
        for millis in [
            0,
            1,
            -1,
            -1_000,
            1_700_000_000_123,
            Timestamp::MIN.millis(),
            Timestamp::MAX.millis(),
        ] {
            let at = Timestamp::from_millis(millis).unwrap();
            let mut wire = wire_time(at);
            assert!((0..NANOS_A_SECOND).contains(&wire.nanos));
            wire.nanos += 999_999;
            assert_eq!(time(wire, "t", &mut Violations::new()), Some(at));
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        for (seconds, nanos) in [
            (0, -1),
            (0, 1_000_000_000),
            (i64::MAX, 0),
            (i64::MIN, 0),
            (253_402_300_800, 0),
        ] {
            let mut wrong = Violations::new();
            assert_eq!(time(WireTime { seconds, nanos }, "t", &mut wrong), None);
            assert!(!wrong.is_empty(), "{seconds} {nanos}");
        }
    }

    #[test]
    fn an_etag_names_one_version() {
        for (text, expected, told) in [
            ("", None, false),
            ("v3", Some(vec![3]), false),
            ("\"v3\"", Some(vec![3]), false),
            ("W/\"v3\"", Some(vec![]), false),
            ("v03", None, true),
            ("v+3", None, true),
            ("3", None, true),
            ("*", None, true),
            ("v99999999999999999999", None, true),
        ] {
            let mut wrong = Violations::new();
            assert_eq!(expected_versions(text, &mut wrong), expected, "{text}");
            assert_eq!(!wrong.is_empty(), told, "{text}");
        }
    }
}
