//! What callers see: `proto/orders/v1`, from and to the domain. gRPC and Kafka share it.
//!
//! Inward, everything that a message says wrongly is told at once, in the message's own paths; what is
//! wrong is replaced by something harmless, so that the domain can check the rest. Lengths, ranges and
//! rules are the domain's to tell. Outward nothing can fail.

mod amend;
mod enums;
mod event;
mod fact;
mod fact_event;
mod list;
mod order;
mod parts;
mod place;

pub use amend::amendment;
pub use event::event;
pub use fact::{new_fact, receipt};
pub use fact_event::{FactEvent, InvalidFactData, fact_of_event, message_of};
pub use list::{event_filter, page_request};
pub use order::order;
pub use parts::{expected_versions, line_quantities, order_id};
pub use place::{new_order, place_violations};
