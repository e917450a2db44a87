//! Durations as people write them.

use std::time::Duration;

/// The longest run; a forgotten driver ends by itself.
const MAX_DURATION_SECONDS: u64 = 3600;

/// Reads `500ms`, `10s` or `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is no duration like 500ms, 10s or 2m"))?;
    let duration = match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(format!("{text:?} has no unit; write 500ms, 10s or 2m")),
    };
    if duration > Duration::from_secs(MAX_DURATION_SECONDS) {
        return Err(format!("{text:?} is longer than {MAX_DURATION_SECONDS}s"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["10", "s", "-1s", "1h", "1.5s", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
