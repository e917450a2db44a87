//! How old an answer may be, by metadata: `max-staleness` and `stale-if-error`, whole seconds each.

use http::HeaderMap;
use order_core::app::{AllowedAge, age_seconds};
use order_core::domain::Violations;
use std::time::Duration;
use tonic::Response;
use tonic::metadata::MetadataValue;

/// An answer of that age in seconds will do.
const MAX_STALENESS: &str = "max-staleness";
/// An answer of that age in seconds will do where the store does not answer.
const STALE_IF_ERROR: &str = "stale-if-error";
/// What marks an answer that is older than the caller wanted, as REST has it.
const STALE: &str = "110 - \"Response is Stale\"";
/// Digits of either, at most: 31 years are as good as any age.
const MAX_DIGITS: usize = 9;

/// What the caller allows; a value that is no number of seconds is wrong.
pub(crate) fn allowed_age(headers: &HeaderMap) -> Result<AllowedAge, Violations> {
    let mut wrong = Violations::new();
    let allowed = AllowedAge {
        max_age: seconds(headers, MAX_STALENESS, &mut wrong),
        stale_if_error: seconds(headers, STALE_IF_ERROR, &mut wrong),
    };
    if wrong.is_empty() {
        Ok(allowed)
    } else {
        Err(wrong)
    }
}

fn seconds(headers: &HeaderMap, name: &'static str, wrong: &mut Violations) -> Duration {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return Duration::ZERO;
    };
    let text = first.to_str().ok().filter(|_| values.next().is_none());
    let plain = |text: &&str| {
        (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let seconds = text.filter(plain).and_then(|digits| digits.parse().ok());
    if seconds.is_none() {
        wrong.add(name, "must be a number of seconds, 1 to 9 digits, once");
    }
    Duration::from_secs(seconds.unwrap_or(0))
}

/// The answer to a caller that takes an old one, with its age in whole seconds, never too low; marked
/// if it is older than the caller wanted, since the store is down.
pub(crate) fn aged<T>(message: T, allowed: AllowedAge, age: Duration, stale: bool) -> Response<T> {
    let mut response = Response::new(message);
    if !allowed.is_fresh() {
        let seconds = age_seconds(age).to_string();
        if let Ok(seconds) = MetadataValue::try_from(seconds) {
            response.metadata_mut().insert("age", seconds);
        }
    }
    if stale {
        let mark = MetadataValue::from_static(STALE);
        response.metadata_mut().insert("warning", mark);
    }
    response
}
