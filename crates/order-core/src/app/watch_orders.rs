//! Follow the feed: everything that happens, in the order of commits, by position.

use super::list_events::READ_EVENTS_AT_A_TIME;
use super::list_orders::MAX_PAGE_LINES;
use super::{AppError, Orders};
use crate::domain::State;
use crate::ports::{FeedToken, RecordedEvent};

/// A stretch of the feed.
#[derive(Clone, Debug)]
pub struct FeedBatch {
    /// The events, in order within each partition; none at the end of the feed.
    pub events: Vec<RecordedEvent>,
    /// Where to read on.
    pub next_after: FeedToken,
}

/// Which events a watcher wants; every part that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this customer's orders.
    pub customer_id: Option<String>,
    /// After which the order is in this state.
    pub state: Option<State>,
}

impl EventFilter {
    /// Whether the watcher wants this event.
    pub fn matches(&self, recorded: &RecordedEvent) -> bool {
        let order = &recorded.event.order;
        self.customer_id
            .as_ref()
            .is_none_or(|customer_id| *customer_id == order.customer_id)
            && self.state.is_none_or(|state| state == order.state)
    }
}

impl Orders {
    /// Events after `after`, `limit` at most; fewer, though more follow, where orders are large.
    pub async fn changes(&self, after: FeedToken, limit: usize) -> Result<FeedBatch, AppError> {
        let mut next_after = after;
        let mut events = Vec::new();
        let mut lines = 0;
        while events.len() < limit && lines <= MAX_PAGE_LINES {
            let asked = READ_EVENTS_AT_A_TIME.min(limit - events.len());
            let read = self.feed.read_after(&next_after, asked).await?;
            for recorded in &read {
                next_after.advance(recorded.position);
                lines += recorded.event.order.lines.len();
            }
            let end = read.len() < asked;
            events.extend(read);
            if end {
                break;
            }
        }
        Ok(FeedBatch { events, next_after })
    }

    /// The newest position: where one begins who wants only what is to come.
    pub async fn feed_head(&self) -> Result<FeedToken, AppError> {
        Ok(self.feed.head().await?)
    }

    /// Returns when there may be an event after `after`, at the latest after some seconds.
    pub async fn wait_for_events(&self, after: &FeedToken) -> Result<(), AppError> {
        Ok(self.feed.wait_beyond(after).await?)
    }
}
