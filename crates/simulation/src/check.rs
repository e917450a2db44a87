//! What must hold of a world that has ended, whatever went wrong in it.

mod facts;
mod feed;
mod orders;

use crate::world::World;
use order_core::domain::{Order, OrderId};
use order_core::ports::{EventFeed, FeedToken, RecordedEvent};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// More events than a world has.
const ALL: usize = 1_000_000;

/// The histories of a world's orders, by the callers' numbers.
pub(crate) struct Histories(BTreeMap<String, Vec<Arc<[RecordedEvent]>>>);

impl Histories {
    /// Of the order with this name, if it was placed.
    fn of(&self, name: &str) -> Option<&[RecordedEvent]> {
        self.0.get(name)?.first().map(|events| &**events)
    }

    /// The order as it is in the end.
    fn last(&self, name: &str) -> Option<&Arc<Order>> {
        self.of(name)?.last().map(|recorded| &recorded.event.order)
    }
}

/// Writes down all that is wrong with it.
pub(crate) async fn check(world: &World) {
    let read = world.database.read_after(&FeedToken::start(), ALL).await;
    let events = read.expect("the database itself does not fail");
    let mut by_order: BTreeMap<OrderId, Vec<RecordedEvent>> = BTreeMap::new();
    for recorded in &events {
        let order_id = recorded.event.order.order_id;
        by_order.entry(order_id).or_default().push(recorded.clone());
    }
    let mut by_name: BTreeMap<String, Vec<Arc<[RecordedEvent]>>> = BTreeMap::new();
    for history in by_order.into_values() {
        let name = history[0].event.order.external_id.clone();
        let named = by_name.entry(name.unwrap_or_default()).or_default();
        named.push(history.into());
    }
    let counts = &world.counts;
    counts.events.store(events.len() as u64, Ordering::Relaxed);
    counts.orders.store(by_name.len() as u64, Ordering::Relaxed);
    let histories = Histories(by_name);
    feed::check(world, &events, &histories);
    orders::check(world, &histories).await;
    facts::check(world, &histories).await;
}
