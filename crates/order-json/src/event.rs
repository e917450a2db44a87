//! An event as a `CloudEvent` in structured JSON: one shape for history, watch, changes and Kafka.

use crate::event_data::EventDataView;
use crate::scalars::{OrderIdText, PositionText, TimestampText};
use crate::views::{display, time};
use order_core::domain::{OrderId, Timestamp};
use order_core::ports::{FeedPosition, FeedToken, RecordedEvent};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use utoipa::ToSchema;

/// The `source` of every event of this service, a URI-reference.
pub const EVENT_SOURCE: &str = "order-service";

/// An event of an order as a `CloudEvent` 1.0.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderEvent)]
pub struct EventView<'a> {
    /// The version of the `CloudEvents` specification.
    #[schema(pattern = "^1[.]0$")]
    specversion: &'static str,
    /// `order_id/version`: unique with `source`.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, example = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1/1")]
    id: EventId,
    /// Who tells it: this service.
    source: &'static str,
    /// What happened, such as `order.placed.v1`.
    #[schema(pattern = "^order[.][a-z_]+[.]v1$", example = "order.placed.v1")]
    r#type: &'static str,
    /// The order's id.
    #[serde(serialize_with = "display")]
    #[schema(value_type = OrderIdText)]
    subject: OrderId,
    /// When it was decided.
    #[serde(serialize_with = "time")]
    #[schema(value_type = TimestampText)]
    time: Timestamp,
    /// The form of `data`.
    datacontenttype: &'static str,
    /// The order's version after the event; contiguous from 1.
    #[schema(minimum = 1)]
    orderversion: u64,
    /// Where the event stands in the feed; a value for `after`.
    #[serde(serialize_with = "position")]
    #[schema(value_type = PositionText)]
    position: FeedPosition,
    /// W3C trace context of the request or message that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    traceparent: Option<&'a str>,
    /// What happened in detail, and the order after it.
    data: EventDataView<'a>,
}

impl<'a> From<&'a RecordedEvent> for EventView<'a> {
    fn from(recorded: &'a RecordedEvent) -> EventView<'a> {
        let event = &recorded.event;
        let order_id = event.order.order_id;
        EventView {
            specversion: "1.0",
            id: EventId {
                order_id,
                version: event.version(),
            },
            source: EVENT_SOURCE,
            r#type: event.data.type_name(),
            subject: order_id,
            time: event.time,
            datacontenttype: "application/json",
            orderversion: event.version(),
            position: recorded.position,
            traceparent: event.cause.traceparent.as_deref(),
            data: event.into(),
        }
    }
}

struct EventId {
    order_id: OrderId,
    version: u64,
}

impl Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.order_id, self.version)
    }
}

fn position<S: Serializer>(position: &FeedPosition, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&FeedToken::at(*position))
}
