//! Follow the feed for the cache: entries that are there get the newest version as it happens.

use super::{AppError, Orders};
use crate::domain::{Order, OrderId};
use crate::ports::{FeedToken, RecordedEvent};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Events that are read at a time: what the follower holds in memory, at most.
const READ_EVENTS: usize = 256;

/// What a round of the follower came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheRound {
    /// Where to read on.
    pub next_after: FeedToken,
    /// How many events were read.
    pub events: usize,
    /// Whether the feed's end was reached.
    pub at_end: bool,
}

impl Orders {
    /// Whether somebody has asked for an order that may be old within the last `within`: else nobody
    /// would see what a follower does. False without a cache.
    pub fn aged_reads_within(&self, within: Duration) -> bool {
        let now = self.clock.monotonic();
        self.aged
            .as_ref()
            .is_some_and(|reads| reads.asked_within(within, now))
    }

    /// Reads what comes after `after`, and has the cache refresh the entries that are there.
    pub async fn refresh_cache(&self, after: FeedToken) -> Result<CacheRound, AppError> {
        let began = self.clock.monotonic();
        let read = self.feed.read_after(&after, READ_EVENTS).await?;
        let mut next_after = after;
        for recorded in &read {
            next_after.advance(recorded.position);
        }
        let events = read.len();
        let at_end = events < READ_EVENTS;
        let orders = newest(read);
        if let Some(reads) = &self.aged
            && !orders.is_empty()
        {
            // Only at the end is it known that nothing newer was there when the read began.
            let read_ago = at_end.then(|| self.clock.monotonic().saturating_sub(began));
            reads.cache.refresh(&orders, read_ago).await;
        }
        Ok(CacheRound {
            next_after,
            events,
            at_end,
        })
    }
}

/// The newest version of each order among these events.
fn newest(read: Vec<RecordedEvent>) -> Vec<Arc<Order>> {
    let mut newest: HashMap<OrderId, Arc<Order>> = HashMap::new();
    for RecordedEvent { event, .. } in read {
        let order = event.order;
        let kept = newest
            .entry(order.order_id)
            .or_insert_with(|| Arc::clone(&order));
        if kept.version < order.version {
            *kept = order;
        }
    }
    newest.into_values().collect()
}
