//! Spans of what comes in and goes out, by OpenTelemetry's conventions for messaging. Without a collector
//! none is made, and a call here is a look at one flag.

use observe::link;
use order_core::ports::RecordedEvent;
use order_json::Message;
use rdkafka::message::{Message as _, OwnedMessage};
use tracing::Span;
use tracing::field::Empty;

/// A transaction links to so many traces, at most.
const MAX_LINKS: usize = 64;

/// The handling of a message, in the trace of whoever sent it.
pub(crate) fn processing(raw: &OwnedMessage, message: &Message, group: &str) -> Span {
    let topic = raw.topic();
    let key = raw.key().and_then(|key| std::str::from_utf8(key).ok());
    tracing::debug_span!(
        "process",
        otel.kind = "consumer",
        otel.name = %format_args!("process {topic}"),
        otel.status_code = Empty,
        error.type = Empty,
        messaging.system = "kafka",
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = topic,
        messaging.destination.partition.id = %raw.partition(),
        messaging.kafka.offset = raw.offset(),
        messaging.kafka.message.key = key,
        messaging.message.id = message.id,
        messaging.consumer.group.name = group,
        traceparent = message.traceparent.as_deref(),
        trace_id = message.traceparent.as_deref().and_then(|text| text.get(3..35)),
    )
}

/// A transaction that publishes these events. Each event has been made within a trace, whose span the
/// message names as its parent; so where they are of several traces, this links to them.
pub(crate) fn publishing(topic: &str, partition: u16, events: &[RecordedEvent]) -> Span {
    let span = tracing::debug_span!(
        "send",
        otel.kind = "producer",
        otel.name = %format_args!("send {topic}"),
        otel.status_code = Empty,
        error.type = Empty,
        messaging.system = "kafka",
        messaging.operation.name = "send",
        messaging.operation.type = "send",
        messaging.destination.name = topic,
        // OpenTelemetry has no unsigned numbers: they would be text.
        messaging.batch.message_count = i64::try_from(events.len()).unwrap_or(i64::MAX),
        feed.partition = partition,
        traceparent = common_traceparent(events),
    );
    if !span.is_disabled() {
        let mut linked = None;
        let all = events.iter().filter_map(traceparent);
        // Neighbours are often of one request.
        let others = all.filter(|text| linked.replace(*text) != Some(*text));
        others.take(MAX_LINKS).for_each(|text| link(&span, text));
    }
    span
}

/// What all of them were made by, if that is one span.
fn common_traceparent(events: &[RecordedEvent]) -> Option<&str> {
    let first = events.first().and_then(traceparent)?;
    let mut rest = events.iter().skip(1);
    rest.all(|event| traceparent(event) == Some(first))
        .then_some(first)
}

fn traceparent(event: &RecordedEvent) -> Option<&str> {
    event.event.cause.traceparent.as_deref()
}
