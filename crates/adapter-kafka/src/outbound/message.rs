//! An event as consumers see it: `CloudEvents` in the binary mode of the Kafka protocol binding
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>),
//! so that the value is the event's data and nothing else.

use crate::headers::{
    CE_DATAREF, CE_ID, CE_ORDERVERSION, CE_POSITION, CE_SOURCE, CE_SPECVERSION, CE_SUBJECT,
    CE_TIME, CE_TYPE, CONTENT_TYPE, JSON, SPECVERSION, TRACEPARENT,
};
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
        (CE_SPECVERSION, SPECVERSION),
        (CE_ID, &id),
        (CE_SOURCE, EVENT_SOURCE),
        (CE_TYPE, event.data.type_name()),
        (CE_SUBJECT, &order_id),
        (CE_TIME, &time),
        (CE_ORDERVERSION, &version),
        (CE_POSITION, &position),
        (CONTENT_TYPE, JSON),
    ];
    if reduced {
        all.push((CE_DATAREF, &reference));
    }
    if let Some(traceparent) = &event.cause.traceparent {
        all.push((TRACEPARENT, traceparent));
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

#[cfg(test)]
mod tests {
    use super::*;
    use order_core::domain::EventData;
    use order_core::ports::FeedPosition;
    use rdkafka::message::Headers as _;
    use std::collections::BTreeSet;
    use testkit::contract::{Carried, Contract};
    use testkit::{Desk, event_of_every_kind, full_order};

    /// Headers, members and key of every kind of event, whole and reduced, are those that the contract
    /// tells; none is missing, and none is untold.
    #[test]
    fn every_event_is_the_message_that_the_contract_tells() {
        let contract = Contract::of(&crate::asyncapi());
        let desk = Desk::new();
        let events = event_of_every_kind(&desk, &full_order(&desk));
        let mut seen = BTreeSet::new();
        for (offset, event) in (1..).zip(events) {
            let position = FeedPosition {
                partition: 0,
                offset,
            };
            let recorded = RecordedEvent { position, event };
            let name = recorded.event.data.type_name();
            for (max_bytes, wanted) in [(usize::MAX, name), (0, "event-without-order")] {
                let message = message(&recorded, max_bytes);
                let headers = message.headers.iter();
                let headers: Vec<(&str, &str)> = headers
                    .map(|header| (header.key, str::from_utf8(header.value.unwrap()).unwrap()))
                    .collect();
                let told = contract.message_of(&Carried {
                    topic: "orders.events.v1",
                    key: Some(&message.key),
                    headers: &headers,
                    value: &message.value,
                });
                assert_eq!(told, Ok(wanted), "{headers:?}");
            }
            seen.insert(name);
        }
        let all: BTreeSet<&str> = EventData::TYPE_NAMES.iter().copied().collect();
        assert_eq!(seen, all, "a kind of event that nobody made");
    }
}
