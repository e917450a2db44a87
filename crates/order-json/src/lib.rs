//! The JSON shapes of orders, commands, facts and events, shared by REST and Kafka.
//!
//! Outward, an order or event is written in one pass from the domain's own values. Inward, a body
//! is parsed straight into its type; only one that fails is parsed again into a tree that remembers
//! everything, walked against the type's schema, repaired, and told of whole ([`parse()`]).
//!
//! The schemas derived here are the contract: they describe what is accepted as far as JSON Schema
//! can say it, and the walk uses the same ones. What never enters: HTTP, Kafka, and rules of the
//! domain, which checks what it is given by itself.

mod address;
mod amend;
mod batch;
mod check;
mod cloud_event;
mod commands;
mod envelope;
mod event;
mod event_data;
mod fact_data;
mod fact_event;
mod message;
mod message_schemas;
mod new_order;
mod order;
mod order_parts;
mod parse;
mod path;
pub mod scalars;
mod schemas;
mod strict;
mod time;
mod tree;
mod views;
mod write;

pub use address::Address;
pub use amend::{AddressPatch, Amend};
pub use batch::{BatchItem, BatchPlace, ParsedBatch, parse_batch};
pub use check::unknown;
pub use cloud_event::{fact_from_parts, fact_from_structured, percent_decoded};
pub use commands::{Cancel, Hold, LineQuantity, Release};
pub use envelope::Attribute;
pub use event::{EVENT_SOURCE, EventView};
pub use event_data::{EventDataView, FactView};
pub use fact_event::{FactEvent, data_schema, structured_event};
pub use message::{
    CANCEL, Content, Message, PLACE, is_traceparent, message_from_parts, message_from_structured,
};
pub use message_schemas::{event_data_schema, message_schemas};
pub use new_order::{NewOrder, NewOrderLine};
pub use order::OrderView;
pub use parse::{Malformed, Parsed, WireType, parse};
pub use schemas::refine;
pub use time::{format_timestamp, parse_timestamp};
pub use write::{
    event_data_to_vec, event_to_vec, order_to_vec, reduced_event_data_to_vec, to_vec, write_event,
    write_order,
};
