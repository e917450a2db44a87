//! What the stores keep: orders, the own fields of events, parked facts, headers of dead messages,
//! as bytes.
//!
//! `proto/storage/v1` says what the bytes mean and how they may change. Decoding checks every code,
//! range and length, so that damaged bytes are an error that names the field, never a wrong order.

mod event;
mod fact;
mod letter;
mod line;
mod order;
mod value;

use crate::generated::storage as stored;
use order_core::domain::{EventData, Order};
use order_core::ports::ParkedFact;
use prost::Message;

pub use letter::{decode_headers, encode_headers};
pub use value::DecodeError;

/// The written part of `order`, in a buffer of exactly its length.
pub fn encode_order(order: &Order) -> Vec<u8> {
    order::to_stored(order).encode_to_vec()
}

/// The order with these bytes, its derived part computed anew.
pub fn decode_order(bytes: &[u8]) -> Result<Order, DecodeError> {
    order::from_stored(stored::Order::decode(bytes)?)
}

/// The event's own fields.
pub fn encode_event_data(data: &EventData) -> Vec<u8> {
    event::to_stored(data).encode_to_vec()
}

/// The event's own fields from these bytes.
pub fn decode_event_data(bytes: &[u8]) -> Result<EventData, DecodeError> {
    event::from_stored(stored::EventData::decode(bytes)?)
}

/// A parked fact with all that is needed to apply it later.
pub fn encode_parked_fact(parked: &ParkedFact) -> Vec<u8> {
    fact::parked_to_stored(parked).encode_to_vec()
}

/// The parked fact with these bytes.
pub fn decode_parked_fact(bytes: &[u8]) -> Result<ParkedFact, DecodeError> {
    fact::parked_from_stored(stored::ParkedFact::decode(bytes)?)
}
