//! From the domain to bytes, in one pass.

use crate::event_data::ReducedEventDataView;
use crate::{EventDataView, EventView, OrderView};
use order_core::domain::{Event, Order};
use order_core::ports::RecordedEvent;
use serde::Serialize;

/// Bytes that an order takes without its lines, and those of a line: enough for most, so that the
/// buffer grows rarely.
const ORDER_BYTES: usize = 1_536;
const LINE_BYTES: usize = 320;

/// The order as JSON.
pub fn order_to_vec(order: &Order) -> Vec<u8> {
    let mut out = Vec::with_capacity(size_of(order));
    write_order(order, &mut out);
    out
}

/// The event as JSON, on one line.
pub fn event_to_vec(event: &RecordedEvent) -> Vec<u8> {
    let mut out = Vec::with_capacity(ORDER_BYTES + size_of(&event.event.order));
    write_event(event, &mut out);
    out
}

/// The event's data alone as JSON, as the binary mode of `CloudEvents` has it.
pub fn event_data_to_vec(event: &Event) -> Vec<u8> {
    let mut out = Vec::with_capacity(size_of(&event.order));
    write(&EventDataView::from(event), &mut out);
    out
}

/// What is left of an event's data where all of it would not fit: which order, which version, and that
/// the rest was left out.
pub fn reduced_event_data_to_vec(event: &Event) -> Vec<u8> {
    to_vec(&ReducedEventDataView::from(event))
}

/// Appends the order as JSON.
pub fn write_order(order: &Order, out: &mut Vec<u8>) {
    write(&OrderView::from(order), out);
}

/// Appends the event as JSON, on one line.
pub fn write_event(event: &RecordedEvent, out: &mut Vec<u8>) {
    write(&EventView::from(event), out);
}

/// Any of this crate's values, or one made of them, as JSON.
pub fn to_vec(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(ORDER_BYTES);
    write(value, &mut out);
    out
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail, and every map here has strings for its keys.
    if let Err(error) = serde_json::to_writer(out, value) {
        debug_assert!(false, "a value that is no JSON: {error}");
    }
}

fn size_of(order: &Order) -> usize {
    ORDER_BYTES + order.lines.len() * LINE_BYTES
}
