//! An event as consumers see it: `CloudEvents` in the binary mode of the Kafka protocol binding
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>),
//! so that the value is the event's data and nothing else.

use order_core::ports::{FeedToken, RecordedEvent};
use order_json::{EVENT_SOURCE, event_data_to_vec, format_timestamp, reduced_event_data_to_vec};
use rdkafka::message::{Header, OwnedHeaders};

/// What a message has beside key and value, at most: its headers, and the frames around it.
const FRAME_BYTES: usize = 4 * 1024;

/// Key, value and headers of one event.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) key: String,
    pub(super) value: Vec<u8>,
    pub(super) headers: OwnedHeaders,
    /// The order was left out, since the message would not have fitted.
    pub(super) reduced: bool,
}

/// The message of an event that fits into `max_bytes`: with its order left out where it would not, and
/// `ce_dataref` that says where it is to be had (the `CloudEvents` extension of that name).
pub(super) fn message(recorded: &RecordedEvent, max_bytes: usize) -> Message {
    let event = &recorded.event;
    let order_id = event.order.order_id.to_string();
    let mut value = event_data_to_vec(event);
    let reduced = value.len() + FRAME_BYTES > max_bytes;
    if reduced {
        value = reduced_event_data_to_vec(event);
    }
    let id = event.id();
    let version = event.version().to_string();
    let time = format_timestamp(event.time);
    let position = FeedToken::at(recorded.position).to_string();
    let reference = format!("/v1/orders/{order_id}/events");
    let mut all = vec![
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_source", EVENT_SOURCE),
        ("ce_type", event.data.type_name()),
        ("ce_subject", &order_id),
        ("ce_time", &time),
        ("ce_orderversion", &version),
        ("ce_position", &position),
        ("content-type", "application/json"),
    ];
    if reduced {
        all.push(("ce_dataref", &reference));
    }
    if let Some(traceparent) = &event.cause.traceparent {
        all.push(("traceparent", traceparent));
    }
    let mut headers = OwnedHeaders::new_with_capacity(all.len());
    for (key, value) in all {
        let value = Some(value);
        headers = headers.insert(Header { key, value });
    }
    Message {
        key: order_id,
        value,
        headers,
        reduced,
    }
}
