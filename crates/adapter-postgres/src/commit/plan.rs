//! The rows that a batch writes, borrowed from its changes: one row an order, whatever happens to it
//! within the batch.

use order_core::domain::{Event, Order, OrderId};
use order_core::ports::{RequestRecord, StoredFact};
use order_store::{EventBytes, Moved, Parking};
use std::collections::{BTreeMap, HashMap};

/// Everything that a batch writes.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    /// New orders.
    pub(crate) placed: Vec<&'a Order>,
    /// Known orders that move on.
    pub(crate) advanced: Vec<AdvancedRow<'a>>,
    /// In the order of their positions.
    pub(crate) events: Vec<EventRow<'a>>,
    /// Events of each partition.
    pub(crate) counts: HashMap<u16, i64>,
    pub(crate) facts: Vec<FactRow>,
    pub(crate) parking: Parking<'a>,
    /// Orders of which a hold came or went, and whether they have one now; in the order of their ids.
    pub(crate) holds: BTreeMap<OrderId, bool>,
    orders: HashMap<OrderId, Row>,
    fact_rows: HashMap<u128, usize>,
}

pub(crate) struct AdvancedRow<'a> {
    pub(crate) order: &'a Order,
    /// The version that it has in the database.
    pub(crate) expected_version: u64,
}

pub(crate) struct EventRow<'a> {
    /// Its place among the events of its partition in this batch, from 1.
    pub(crate) ordinal: i64,
    pub(crate) event: &'a Event,
    pub(crate) bytes: &'a EventBytes,
    /// On the last event of a change.
    pub(crate) request: Option<RequestRecord>,
}

pub(crate) struct FactRow {
    pub(crate) key: u128,
    pub(crate) stored: StoredFact,
}

/// Where the row of an order stands.
#[derive(Clone, Copy)]
enum Row {
    Placed(usize),
    Advanced(usize),
}

impl<'a> order_store::Plan<'a> for Plan<'a> {
    fn moved(&mut self, moved: Moved<'a>) {
        if let Some(held) = moved.held() {
            self.holds.insert(moved.order.order_id, held);
        }
        match moved.expected_version {
            None => self.place(moved.order),
            Some(expected_version) => self.advance(moved.order, expected_version),
        }
        self.append(moved.events, moved.bytes, moved.request);
    }

    fn fact(&mut self, key: u128, stored: StoredFact) {
        if let Some(row) = self.fact_rows.get(&key) {
            self.facts[*row].stored = stored;
        } else {
            self.fact_rows.insert(key, self.facts.len());
            self.facts.push(FactRow { key, stored });
        }
    }

    fn parking(&mut self) -> &mut Parking<'a> {
        &mut self.parking
    }
}

impl<'a> Plan<'a> {
    /// A new order.
    fn place(&mut self, order: &'a Order) {
        self.orders
            .insert(order.order_id, Row::Placed(self.placed.len()));
        self.placed.push(order);
    }

    /// An order that moves on, perhaps not for the first time in this batch.
    fn advance(&mut self, order: &'a Order, expected_version: u64) {
        match self.orders.get(&order.order_id) {
            Some(Row::Placed(row)) => self.placed[*row] = order,
            Some(Row::Advanced(row)) => self.advanced[*row].order = order,
            None => {
                self.orders
                    .insert(order.order_id, Row::Advanced(self.advanced.len()));
                self.advanced.push(AdvancedRow {
                    order,
                    expected_version,
                });
            }
        }
    }

    /// The events of one change, with its request on the last of them.
    fn append(
        &mut self,
        events: &'a [Event],
        bytes: &'a [EventBytes],
        request: Option<RequestRecord>,
    ) {
        for (left, (event, bytes)) in (0..events.len()).rev().zip(events.iter().zip(bytes)) {
            let count = self.counts.entry(event.order.partition).or_insert(0);
            *count += 1;
            self.events.push(EventRow {
                ordinal: *count,
                event,
                bytes,
                request: if left == 0 { request } else { None },
            });
        }
    }

    /// Puts the rows in the order in which every replica locks them.
    pub(crate) fn sort(&mut self) {
        self.orders.clear();
        self.fact_rows.clear();
        // Ids of new orders are nobody else's; only their external ids can meet another replica's.
        if self.placed.iter().any(|order| order.external_id.is_some()) {
            self.placed
                .sort_by(|a, b| (&a.external_id, a.order_id).cmp(&(&b.external_id, b.order_id)));
        }
        self.advanced.sort_by_key(|row| row.order.order_id);
        self.facts.sort_by_key(|row| row.key);
    }
}
