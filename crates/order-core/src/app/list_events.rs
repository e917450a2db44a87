//! An order's history, oldest first, with who and what caused each change.

use super::list_orders::{MAX_PAGE_LINES, page_size};
use super::{AppError, Orders};
use crate::domain::{OrderId, Violations};
use crate::ports::RecordedEvent;

/// A page of an order's history.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, oldest first. May be fewer than asked for even if more follow.
    pub events: Vec<RecordedEvent>,
    /// Names the next page; `None` on the last one.
    pub next_page_token: Option<String>,
}

/// Events that are read at a time: each carries its whole order.
pub(super) const READ_EVENTS_AT_A_TIME: usize = 32;

impl Orders {
    /// One page of the history of an order.
    pub async fn events(
        &self,
        order_id: OrderId,
        page_size_asked: Option<i64>,
        page_token: Option<String>,
    ) -> Result<EventPage, AppError> {
        let mut all = Violations::new();
        let size = page_size(&mut all, page_size_asked);
        let after = page_token.as_deref().map_or(Some(0), read_token);
        if after.is_none() {
            all.add(
                "page_token",
                "must be a next_page_token of this order's history",
            );
        }
        all.into_result()?;
        let newest = self.get(order_id).await?.version;
        let mut last = after.unwrap_or(0);
        let mut events: Vec<RecordedEvent> = Vec::new();
        let mut lines = 0;
        while events.len() < size && lines <= MAX_PAGE_LINES && last < newest {
            let limit = READ_EVENTS_AT_A_TIME.min(size - events.len());
            let read = self.store.history(order_id, last, limit).await?;
            let Some(end) = read.last() else { break };
            last = end.event.version();
            lines += read
                .iter()
                .map(|recorded| recorded.event.order.lines.len())
                .sum::<usize>();
            events.extend(read);
        }
        let next_page_token = (last < newest && !events.is_empty()).then(|| format!("v{last}"));
        Ok(EventPage {
            events,
            next_page_token,
        })
    }
}

fn read_token(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('v')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|version| plain && i64::try_from(*version).is_ok())
}
