//! `Cache-Control` of a request: how old an answer may be (RFC 9111 section 5.2.1, RFC 5861 section 4).

use http::HeaderMap;
use http::header::CACHE_CONTROL;
use order_core::app::AllowedAge;
use std::time::Duration;

/// The longest time that a directive can name; a greater one means this (RFC 9111 section 1.2.2).
const MAX_SECONDS: u64 = 1 << 31;

/// How old the answer may be, by `max-age=N` and `stale-if-error=N`. What is no directive of ours or
/// has no number is passed over, so the answer is fresh; of several the smallest counts (RFC 9111
/// section 4.2.1 has a recipient prefer what is fresher); `no-cache` and `no-store` allow nothing.
pub(crate) fn allowed_age(headers: &HeaderMap) -> AllowedAge {
    let (mut max_age, mut stale_if_error) = (None, None);
    for value in headers.get_all(CACHE_CONTROL) {
        let Ok(text) = value.to_str() else {
            return AllowedAge::default();
        };
        for directive in Directives(text) {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let (name, argument) = (name.trim(), argument.trim());
            if name.eq_ignore_ascii_case("no-cache") || name.eq_ignore_ascii_case("no-store") {
                return AllowedAge::default();
            } else if name.eq_ignore_ascii_case("max-age") {
                lower(&mut max_age, argument);
            } else if name.eq_ignore_ascii_case("stale-if-error") {
                lower(&mut stale_if_error, argument);
            }
        }
    }
    AllowedAge {
        max_age: Duration::from_secs(max_age.unwrap_or(0)),
        stale_if_error: Duration::from_secs(stale_if_error.unwrap_or(0)),
    }
}

/// Lowers the limit to the argument; to nothing, where that is no number.
fn lower(limit: &mut Option<u64>, argument: &str) {
    let named = seconds(argument).unwrap_or(0);
    *limit = Some(limit.map_or(named, |limit| limit.min(named)));
}

/// `delta-seconds`, also within quotation marks, as a recipient has to take them (RFC 9111
/// section 5.2).
fn seconds(argument: &str) -> Option<u64> {
    let quoted = argument.strip_prefix('"');
    let digits = match quoted {
        Some(rest) => rest.strip_suffix('"')?,
        None => argument,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Only too great a number is left to fail.
    plain.then(|| digits.parse().unwrap_or(MAX_SECONDS).min(MAX_SECONDS))
}

/// The parts between commas, those within quotation marks aside.
struct Directives<'a>(&'a str);

impl<'a> Iterator for Directives<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let mut quoted = false;
        let mut escaped = false;
        let end = self.0.find(|letter| {
            match letter {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                ',' => return !quoted,
                _ => {}
            }
            false
        });
        let (part, rest) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, ""),
        };
        self.0 = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(lines: &[&str]) -> (u64, u64) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                CACHE_CONTROL,
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            );
        }
        let allowed = allowed_age(&headers);
        (allowed.max_age.as_secs(), allowed.stale_if_error.as_secs())
    }

    #[test]
    fn directives_are_read_as_the_rfcs_write_them() {
        for (line, expected) in [
            ("max-age=5", (5, 0)),
            ("Max-Age = 5 , STALE-IF-ERROR=60", (5, 60)),
            ("max-age=\"5\"", (5, 0)),
            ("no-transform,, max-age=5,", (5, 0)),
            ("ext=\"a, max-age=9, \\\"\", max-age=5", (5, 0)),
            ("max-age=99999999999999999999999", (1 << 31, 0)),
            ("max-age=4294967296", (1 << 31, 0)),
            ("stale-if-error=60", (0, 60)),
        ] {
            assert_eq!(read(&[line]), expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_or_contradicts_makes_the_answer_fresher() {
        for lines in [
            &["max-age"][..],
            &["max-age="],
            &["max-age=-1"],
            &["max-age=+5"],
            &["max-age=1.5"],
            &["max-age=5s"],
            &["max-age=\"5"],
            &["xmax-age=5"],
            &["max-age=5, no-cache"],
            &["max-age=5", "no-store"],
            &["max-age=5, max-age=x"],
            &["max-age=5", "\u{e9}"],
            &[],
        ] {
            assert_eq!(read(lines), (0, 0), "{lines:?}");
        }
        assert_eq!(read(&["max-age=9, stale-if-error=3", "max-age=5"]), (5, 3));
    }
}
