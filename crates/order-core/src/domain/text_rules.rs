//! Checks that several requests share: texts, numbers, addresses, metadata.

use super::limits::{
    MAX_ADDRESS_LINES, MAX_ADDRESS_PART_CHARS, MAX_METADATA_KEY_CHARS, MAX_METADATA_PAIRS,
    MAX_METADATA_VALUE_CHARS, MAX_REASON_CHARS,
};
use super::{Address, Amount, Timestamp, Violations, is_country};
use std::collections::BTreeMap;

/// Checks that `text` has `min` to `max` characters and no control character among them.
pub(crate) fn check_text(all: &mut Violations, field: &str, text: &str, min: usize, max: usize) {
    // Bytes bound characters from above: most texts need no count.
    let chars = if text.len() <= max {
        text.len()
    } else {
        text.chars().count()
    };
    if chars > max || text.len() < min {
        let least = if min == 0 {
            "at most".to_owned()
        } else {
            format!("{min} to")
        };
        all.add(field, format!("must be {least} {max} characters"));
    }
    if text.chars().any(char::is_control) {
        all.add(field, "must not contain control characters");
    }
}

/// As [`check_text`], for a text that may be absent but not empty.
pub(crate) fn check_optional(all: &mut Violations, field: &str, text: Option<&str>, max: usize) {
    if let Some(text) = text {
        check_text(all, field, text, 1, max);
    }
}

/// Checks the words that a caller gives for what it asks.
pub(crate) fn check_reason(all: &mut Violations, field: &str, text: &str) {
    check_text(all, field, text, 1, MAX_REASON_CHARS);
}

/// The amount, or a violation and zero.
pub(crate) fn check_amount(all: &mut Violations, field: &str, minor: i64) -> Amount {
    Amount::new(minor).unwrap_or_else(|| {
        all.add(field, format!("must be 0 to {} minor units", Amount::MAX));
        Amount::ZERO
    })
}

/// Checks a deadline when it is given, by the clock of the process that was asked: it only keeps callers
/// from mistakes. Whether it has passed is decided by the store's clock alone.
pub(crate) fn check_deadline(all: &mut Violations, deadline: Timestamp, now: Timestamp) {
    if deadline <= now {
        all.add("confirm_before", "must be in the future");
    }
}

/// Checks a postal address; paths begin with `shipping_address`.
pub(crate) fn check_address(all: &mut Violations, address: &Address) {
    let max = MAX_ADDRESS_PART_CHARS;
    check_text(all, "shipping_address.name", &address.name, 1, max);
    if address.lines.is_empty() || address.lines.len() > MAX_ADDRESS_LINES {
        all.add(
            "shipping_address.lines",
            format!("must have 1 to {MAX_ADDRESS_LINES} lines"),
        );
    }
    for (i, line) in address.lines.iter().take(MAX_ADDRESS_LINES).enumerate() {
        check_text(all, &format!("shipping_address.lines[{i}]"), line, 1, max);
    }
    check_text(all, "shipping_address.city", &address.city, 1, max);
    check_optional(
        all,
        "shipping_address.region",
        address.region.as_deref(),
        max,
    );
    check_optional(
        all,
        "shipping_address.postal_code",
        address.postal_code.as_deref(),
        max,
    );
    if !is_country(&address.country) {
        all.add(
            "shipping_address.country",
            "must be an ISO 3166-1 alpha-2 code such as DE",
        );
    }
}

/// Checks the caller's own pairs; paths are `metadata.KEY`.
pub(crate) fn check_metadata(all: &mut Violations, metadata: &BTreeMap<String, String>) {
    if metadata.len() > MAX_METADATA_PAIRS {
        all.add(
            "metadata",
            format!("must have at most {MAX_METADATA_PAIRS} pairs"),
        );
    }
    for (key, value) in metadata.iter().take(MAX_METADATA_PAIRS) {
        let named = key.chars().take(MAX_METADATA_KEY_CHARS).collect::<String>();
        let field = format!("metadata.{named}");
        let mut of_key = Violations::new();
        check_text(&mut of_key, &field, key, 1, MAX_METADATA_KEY_CHARS);
        for violation in of_key.as_slice() {
            all.add(field.clone(), format!("key {}", violation.reason));
        }
        check_text(all, &field, value, 0, MAX_METADATA_VALUE_CHARS);
    }
}
