//! Server-Sent Events as the HTML standard has them (section 9.2).

use order_core::ports::{FeedToken, RecordedEvent};

/// How long a client waits before it connects again, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// The beginning of a stream: how long to wait before coming back, and where one would resume. A
/// block without data dispatches nothing, but its id is kept.
pub(crate) fn write_start(position: &FeedToken, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("retry: {RETRY_MS}\nid: {position}\n\n").as_bytes());
}

/// One event: its position as `id`, its type as `event`, its JSON on one line as `data`.
pub(crate) fn write_event(position: &FeedToken, event: &RecordedEvent, out: &mut Vec<u8>) {
    let kind = event.event.data.type_name();
    out.extend_from_slice(format!("id: {position}\nevent: {kind}\ndata: ").as_bytes());
    order_json::write_event(event, out);
    out.extend_from_slice(b"\n\n");
}

/// A sign of life; it moves the id on past events that the filter kept out.
pub(crate) fn write_keep_alive(position: &FeedToken, out: &mut Vec<u8>) {
    out.extend_from_slice(format!(": keep-alive\nid: {position}\n\n").as_bytes());
}
