//! What a batch writes, as an adapter wants to have it.

use crate::prepare::EventBytes;
use order_core::domain::{Event, EventData, Order, OrderId};
use order_core::ports::{ParkedFact, RequestRecord, StoredFact};

/// The rows that a batch writes, borrowed from its changes. Each adapter has its own, for each lays them
/// out its own way; [`decide`](crate::decide()) fills it in the order in which the changes stand.
pub trait Plan<'a> {
    /// An order is new or moves on, perhaps not for the first time in this batch.
    fn moved(&mut self, moved: Moved<'a>);

    /// A fact's id is remembered, perhaps not for the first time in this batch.
    fn fact(&mut self, key: u128, stored: StoredFact);

    /// What becomes of parked facts.
    fn parking(&mut self) -> &mut Parking<'a>;
}

/// One change of an order.
#[derive(Debug)]
pub struct Moved<'a> {
    /// The order after the last of its events.
    pub order: &'a Order,
    /// The version before the first of them; `None` for a new order.
    pub expected_version: Option<u64>,
    /// What happened; never empty.
    pub events: &'a [Event],
    /// The stored form of each event.
    pub bytes: &'a [EventBytes],
    /// The idempotency key, to be remembered with the order's new version.
    pub request: Option<RequestRecord>,
}

impl Moved<'_> {
    /// Whether the order has a hold now, if a hold came or went; `None` where none did.
    pub fn held(&self) -> Option<bool> {
        let of_a_hold =
            |event: &Event| matches!(event.data, EventData::Held(_) | EventData::Released(_));
        let touched = self.events.iter().any(of_a_hold);
        touched.then_some(!self.order.holds.is_empty())
    }
}

/// What becomes of parked facts.
#[derive(Debug, Default)]
pub struct Parking<'a> {
    /// Facts that enter the parking: the digest of the id, the fact, its stored form.
    pub parked: Vec<(u128, &'a ParkedFact, &'a [u8])>,
    /// Facts that leave it, by the digest of their ids.
    pub unparked: Vec<u128>,
    /// Facts that leave the dead letters, by the digest of their ids.
    pub unburied: Vec<u128>,
    /// New orders that parked facts wait for by our id.
    pub placed_ids: Vec<OrderId>,
    /// External ids of new orders that parked facts wait for.
    pub placed_externals: Vec<&'a str>,
}

impl Parking<'_> {
    /// Whether nothing enters or leaves the parking, and no parked fact is told of its order.
    pub fn is_untouched(&self) -> bool {
        self.parked.is_empty() && !self.moves()
    }

    /// Whether facts leave where they are kept, or are told of their order.
    pub fn moves(&self) -> bool {
        !(self.unparked.is_empty()
            && self.unburied.is_empty()
            && self.placed_ids.is_empty()
            && self.placed_externals.is_empty())
    }
}
