//! What a call brings along in its metadata: its id, the trace that it belongs to, its deadline.

use http::{HeaderMap, HeaderName, HeaderValue};
use observe::own_traceparent;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::Span;

/// The metadata that names a call, in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of a caller's id, at most; a longer one is replaced.
const MAX_REQUEST_ID_CHARS: usize = 128;

/// Digits of a `grpc-timeout`, at most, as the protocol has it.
const MAX_TIMEOUT_DIGITS: usize = 8;

/// What a call brings along.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The caller's `x-request-id`, or one of ours.
    pub(crate) request_id: RequestId,
    /// W3C trace context, if it is valid: the caller's, or that of our own span where spans are shipped.
    pub(crate) traceparent: Option<String>,
}

impl Context {
    /// The context of a call with this metadata.
    pub(crate) fn of(headers: &HeaderMap, ids: &RequestIds) -> Context {
        let visible = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=MAX_REQUEST_ID_CHARS).contains(&bytes.len())
                && bytes.iter().all(u8::is_ascii_graphic)
        };
        let given = single(headers, &REQUEST_ID).filter(visible);
        Context {
            request_id: given.map_or_else(|| ids.next(), |id| RequestId::Given(id.clone())),
            traceparent: traceparent(headers).map(str::to_owned),
        }
    }

    /// Has what the call causes belong to `span`, where spans are shipped; else the caller's context is
    /// handed on untouched.
    pub(crate) fn go_on_by(&mut self, span: &Span) {
        if let Some(own) = own_traceparent(span) {
            self.traceparent = Some(own);
            // The caller's trace goes on in ours: this says something new only where it brought none.
            span.record("trace_id", self.trace_id());
        }
    }

    /// The id as text.
    pub(crate) fn request_id(&self) -> String {
        let id = self.request_id.header();
        id.to_str().unwrap_or_default().to_owned()
    }

    /// The trace's id: the second part of `traceparent`.
    pub(crate) fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref().and_then(|text| text.get(3..35))
    }
}

/// The time that the caller gives the call (`grpc-timeout`, gRPC over HTTP/2, "Requests"); `Err` where
/// it is none.
pub(crate) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, ()> {
    let name = HeaderName::from_static("grpc-timeout");
    if !headers.contains_key(&name) {
        return Ok(None);
    }
    let value = single(headers, &name).and_then(|value| value.to_str().ok());
    value.and_then(parse_timeout).map(Some).ok_or(())
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = (1..=MAX_TIMEOUT_DIGITS).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| plain)?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// The value of metadata that is there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// A valid `traceparent`; any other is ignored, as W3C Trace Context section 3.2 has it.
fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = single(headers, &HeaderName::from_static("traceparent"))?
        .to_str()
        .ok()?;
    let mut parts = text.split('-');
    let mut hex = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let (version, trace_id, parent_id, _flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let some_bit = |part: &str| part.bytes().any(|byte| byte != b'0');
    // Later versions may have more parts; version 00 has four.
    let whole = version != "00" || parts.next().is_none();
    (version != "ff" && some_bit(trace_id) && some_bit(parent_id) && whole && text.len() <= 128)
        .then_some(text)
}

/// Makes ids of calls: a number that this process drew at its start, and a count.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> RequestIds {
        // The hasher's keys are the one random source of the standard library. These ids only tell
        // calls apart in logs, so they need no port.
        RequestIds {
            process: RandomState::new().hash_one(0),
            count: AtomicU64::new(0),
        }
    }

    fn next(&self) -> RequestId {
        RequestId::Own {
            process: self.process,
            count: self.count.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// A call's id. Ours is written only where somebody reads it: in logs and with errors.
#[derive(Clone, Debug)]
pub(crate) enum RequestId {
    /// The caller's.
    Given(HeaderValue),
    /// Ours.
    Own {
        /// The process.
        process: u64,
        /// The call, from 0.
        count: u64,
    },
}

impl RequestId {
    /// As metadata. Each is another one, so it is of no use in the connection's table of headers
    /// (RFC 7541 section 7.1.3 has never-indexed literals for what must not be there).
    pub(crate) fn header(&self) -> HeaderValue {
        let mut header = match self {
            RequestId::Given(header) => header.clone(),
            RequestId::Own { process, count } => {
                HeaderValue::from_str(&format!("{process:016x}-{count:x}"))
                    .unwrap_or_else(|_| HeaderValue::from_static("-"))
            }
        };
        header.set_sensitive(true);
        header
    }

    /// Whether the caller reads it: who gave one compares, and who has got an error asks about it.
    pub(crate) const fn is_given(&self) -> bool {
        matches!(self, RequestId::Given(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_the_protocol_writes_it() {
        for (text, expected) in [
            ("1H", Some(Duration::from_hours(1))),
            ("2M", Some(Duration::from_mins(2))),
            ("3S", Some(Duration::from_secs(3))),
            ("250m", Some(Duration::from_millis(250))),
            ("00000007u", Some(Duration::from_micros(7))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("0m", Some(Duration::ZERO)),
            ("", None),
            ("m", None),
            ("5", None),
            ("5s", None),
            ("-5m", None),
            ("+5m", None),
            ("1.5S", None),
            ("123456789m", None),
            ("5µ", None),
        ] {
            assert_eq!(parse_timeout(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_a_valid_trace_is_taken() {
        let trace = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::from_static(text));
            Context::of(&headers, &RequestIds::new()).traceparent
        };
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace(good).as_deref(), Some(good));
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(trace(bad), None, "{bad}");
        }
    }
}
