//! What a request brings along: its id, and the trace that it belongs to.

use crate::call::single;
use http::{HeaderMap, HeaderName, HeaderValue};
use observe::own_traceparent;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::Span;

/// The header that names a request, in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of a caller's request id, at most; a longer one is replaced.
const MAX_REQUEST_ID_CHARS: usize = 128;

/// What a request brings along.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The caller's `X-Request-Id`, or one of ours.
    pub(crate) request_id: HeaderValue,
    /// W3C trace context, if it is valid: the caller's, or that of our own span where spans are shipped.
    pub(crate) traceparent: Option<String>,
}

impl Context {
    /// The context of a request with these headers.
    pub(crate) fn of(headers: &HeaderMap, ids: &RequestIds) -> Context {
        let visible = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=MAX_REQUEST_ID_CHARS).contains(&bytes.len())
                && bytes.iter().all(u8::is_ascii_graphic)
        };
        let given = single(headers, &REQUEST_ID).filter(visible);
        Context {
            request_id: given.cloned().unwrap_or_else(|| ids.next()),
            traceparent: traceparent(headers).map(str::to_owned),
        }
    }

    /// Has what the request causes belong to `span`, where spans are shipped; else the caller's context
    /// is handed on untouched.
    pub(crate) fn go_on_by(&mut self, span: &Span) {
        if let Some(own) = own_traceparent(span) {
            self.traceparent = Some(own);
            // The caller's trace goes on in ours: this says something new only where it brought none.
            span.record("trace_id", self.trace_id());
        }
    }

    /// The request id as text.
    pub(crate) fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// The trace's id: the second part of `traceparent`.
    pub(crate) fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref().and_then(|text| text.get(3..35))
    }
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

/// Makes request ids: a number that this process drew at its start, and a count.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> RequestIds {
        // The hasher's keys are the one random source of the standard library. These ids only tell
        // requests apart in logs, so they need no port.
        RequestIds {
            process: RandomState::new().hash_one(0),
            count: AtomicU64::new(0),
        }
    }

    fn next(&self) -> HeaderValue {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:016x}-{count:x}", self.process);
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(text: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(text));
        Context::of(&headers, &RequestIds::new()).traceparent
    }

    #[test]
    fn only_a_valid_trace_is_taken() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace(good).as_deref(), Some(good));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(trace(bad), None, "{bad}");
        }
    }

    #[test]
    fn two_requests_have_two_ids() {
        let ids = RequestIds::new();
        assert_ne!(ids.next(), ids.next());
    }
}
