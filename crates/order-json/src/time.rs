//! Timestamps as RFC 3339 writes them: read strictly, written in UTC with milliseconds.

use order_core::domain::Timestamp;
use std::fmt;

const MILLIS_A_DAY: i64 = 86_400_000;

/// The time that an RFC 3339 `date-time` tells, cut to whole milliseconds.
///
/// Only the grammar of RFC 3339 section 5.6 is read: no space in place of the `T`, no missing
/// seconds or offset. A leap second (`23:59:60Z`) is the second after it, as POSIX time has it.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let date_time = bytes.get(..19)?;
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| date_time[at] != mark)
        || !matches!(date_time[10], b'T' | b't')
    {
        return None;
    }
    let number = |from: usize, to: usize| digits(&date_time[from..to]);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, offset) = fraction(&bytes[19..])?;
    let offset_minutes = offset_of(offset)?;
    let minutes = hour * 60 + minute - offset_minutes;
    if second == 60 && minutes.rem_euclid(24 * 60) != 24 * 60 - 1 {
        return None;
    }
    let of_day = (minutes * 60 + second) * 1_000 + millis;
    Timestamp::from_millis(days_from_civil(year, month, day) * MILLIS_A_DAY + of_day)
}

/// The milliseconds of a fraction, if there is one, and what stands after it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = rest.strip_prefix(b".") else {
        return Some((0, rest));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, offset) = rest.split_at(length);
    let digit = |at: usize| i64::from(fraction.get(at).map_or(0, |byte| byte - b'0'));
    (length > 0).then(|| (digit(0) * 100 + digit(1) * 10 + digit(2), offset))
}

/// Minutes east of UTC.
fn offset_of(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), clock @ ..] if clock.len() == 5 && clock[2] == b':' => {
            let (hours, minutes) = (digits(&clock[..2])?, digits(&clock[3..])?);
            let east = hours * 60 + minutes;
            (hours <= 23 && minutes <= 59).then_some(if *sign == b'-' { -east } else { east })
        }
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Algorithm: Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse, `civil_from_days`: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// `at` in UTC with three digits of milliseconds: `2026-01-31T23:59:59.999Z`.
pub fn format_timestamp(at: Timestamp) -> String {
    Rfc3339(at).to_string()
}

/// Writes a timestamp without a `String` between.
pub(crate) struct Rfc3339(pub(crate) Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.millis();
        let (year, month, day) = civil_from_days(millis.div_euclid(MILLIS_A_DAY));
        let of_day = millis.rem_euclid(MILLIS_A_DAY);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let fields = [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, of_day / 3_600_000),
            (14..16, of_day / 60_000 % 60),
            (17..19, of_day / 1_000 % 60),
            (20..23, of_day % 1_000),
        ];
        for (place, mut value) in fields {
            for byte in text[place].iter_mut().rev() {
                *byte = b'0' + u8::try_from(value % 10).unwrap_or(0);
                value /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_any_offset_and_written_in_utc() {
        for (text, utc) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("2026-02-28T23:30:00.1239-01:30", "2026-03-01T01:00:00.123Z"),
            ("2024-02-29t12:00:00.5z", "2024-02-29T12:00:00.500Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("2017-01-01T01:59:60+02:00", "2017-01-01T00:00:00.000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
            ("1969-12-31T23:59:59.999-00:00", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(
                parse_timestamp(text).map(format_timestamp).as_deref(),
                Some(utc),
                "{text}"
            );
        }
    }

    #[test]
    fn what_rfc_3339_does_not_know_is_refused() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00Z ",
            "+026-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:00é",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_day_of_the_range_comes_back() {
        for days in (-719_162..=2_932_896).step_by(13) {
            let at = Timestamp::from_millis(days * MILLIS_A_DAY + 1).unwrap();
            assert_eq!(parse_timestamp(&format_timestamp(at)), Some(at));
        }
    }
}
