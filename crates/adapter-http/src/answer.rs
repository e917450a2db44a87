//! Answers where all is well. Nobody else formats one.

use axum::body::Body;
use http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, LOCATION, WARNING};
use http::{HeaderValue, Response, StatusCode};
use order_core::app::{AllowedAge, age_seconds};
use order_core::domain::Order;
use order_core::ports::RecordedEvent;
use std::time::Duration;

/// What a call answers with.
pub(crate) type Answer = Response<Body>;

/// Bytes reserved for one event.
const EVENT_BYTES: usize = 2_560;

/// Tells a replay from a first answer.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What marks an answer that is older than the caller wanted.
const STALE: &str = "110 - \"Response is Stale\"";

/// 200 with JSON.
pub(crate) fn json(body: impl Into<Body>) -> Answer {
    let mut answer = Response::new(body.into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Orders change without notice: whoever keeps an answer has to ask again before using it.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// 200 with an order and its entity tag.
pub(crate) fn order(order: &Order) -> Answer {
    let mut answer = json(order_json::order_to_vec(order));
    set(&mut answer, ETAG, &etag(order.version));
    answer
}

/// 200 with what an order would be: it has no entity tag, since it is not there.
pub(crate) fn preview(order: &Order) -> Answer {
    json(order_json::order_to_vec(order))
}

/// 304: the caller has this version already.
pub(crate) fn not_modified(version: u64) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NOT_MODIFIED;
    set(&mut answer, ETAG, &etag(version));
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// 204 to an OPTIONS request.
pub(crate) fn options(allow: &'static str) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
        .headers_mut()
        .insert(http::header::ALLOW, HeaderValue::from_static(allow));
    answer
}

/// The answer as 201, with the place of what was made.
pub(crate) fn created(mut answer: Answer, location: &str) -> Answer {
    *answer.status_mut() = StatusCode::CREATED;
    set(&mut answer, LOCATION, location);
    answer
}

/// The answer, marked if it repeats the first one.
pub(crate) fn replayed(mut answer: Answer, replayed: bool) -> Answer {
    if replayed {
        answer
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    answer
}

/// The answer to a caller that takes an old one, with its age in whole seconds, never too low; marked
/// if it is older than the caller wanted, since the store is down (RFC 7234 section 5.5.1: newer
/// recipients know it by its age).
pub(crate) fn aged(mut answer: Answer, allowed: AllowedAge, age: Duration, stale: bool) -> Answer {
    if !allowed.is_fresh() {
        let seconds = age_seconds(age);
        set(&mut answer, AGE, &seconds.to_string());
    }
    if stale {
        set(&mut answer, WARNING, STALE);
    }
    answer
}

/// Sets a header whose value is visible ASCII.
pub(crate) fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn etag(version: u64) -> String {
    format!("\"v{version}\"")
}

/// Appends a last member to an object that is being written, if there is a value. Tokens are ASCII
/// without quotation marks or backslashes, so they need no escaping.
pub(crate) fn write_token(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.extend_from_slice(format!(",\"{name}\":\"{value}\"").as_bytes());
    }
}

/// The beginning of an object whose first member is `events`; the caller writes the rest.
pub(crate) fn events(events: &[RecordedEvent]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + events.len() * EVENT_BYTES);
    out.extend_from_slice(b"{\"events\":[");
    for (nth, event) in events.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        order_json::write_event(event, &mut out);
    }
    out.push(b']');
    out
}
