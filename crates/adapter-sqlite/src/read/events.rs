//! Events: an order's history, one old version, and pages of the feed.

use super::{Reader, Values};
use crate::position::{from_row, head, to_row};
use order_core::domain::{Cause, Event, Order, OrderId, Timestamp};
use order_core::ports::{FeedPosition, FeedToken, RecordedEvent, StoreError};
use order_proto::storage::decode_event_data;
use sqlx::sqlite::SqliteRow;
use std::sync::Arc;

/// Events of an order by version, and of a feed partition by position; the columns are those that
/// [`Reader::event`] reads.
pub(crate) const HISTORY: &str = "SELECT position, time, caller, source, cause_id, traceparent, \
    data, order_id, snapshot FROM order_events \
    WHERE order_id = ?1 AND version > ?2 ORDER BY version LIMIT ?3";
pub(crate) const FEED: &str = "SELECT position, time, caller, source, cause_id, traceparent, \
    data, order_id, snapshot FROM order_events \
    WHERE position > ?1 AND position < ?2 ORDER BY position LIMIT ?3";
pub(crate) const AT_VERSION: &str =
    "SELECT order_id, snapshot FROM order_events WHERE order_id = ?1 AND version = ?2";

impl Reader {
    pub(crate) async fn load_at(
        &self,
        id: OrderId,
        version: u64,
    ) -> Result<Option<Arc<Order>>, StoreError> {
        // No order has a version beyond what SQLite can hold.
        let Ok(version) = i64::try_from(version) else {
            return Ok(None);
        };
        let rows = self
            .rows(AT_VERSION, Values::new().id(id).with(version))
            .await?;
        rows.first().map(|row| self.order(row, 0, 1)).transpose()
    }

    pub(crate) async fn history(
        &self,
        id: OrderId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let Ok(after) = i64::try_from(after_version) else {
            return Ok(Vec::new());
        };
        let rows = self
            .rows(HISTORY, Values::new().id(id).with(after).limit(limit))
            .await?;
        rows.iter().map(|row| self.event(row)).collect()
    }

    /// Events of one partition after `after`.
    pub(crate) async fn feed(
        &self,
        after: FeedPosition,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let end = to_row(FeedPosition {
            partition: after.partition + 1,
            offset: 0,
        });
        let rows = self
            .rows(
                FEED,
                Values::new().with(to_row(after)).with(end).limit(limit),
            )
            .await?;
        rows.iter().map(|row| self.event(row)).collect()
    }

    /// The newest position of each partition.
    pub(crate) async fn heads(&self) -> Result<FeedToken, StoreError> {
        let rows = self.rows(crate::position::HEADS, Values::new()).await?;
        let rows: Result<Vec<i64>, StoreError> =
            rows.iter().map(|row| self.value(row, 0)).collect();
        rows.map(head)
    }

    fn event(&self, row: &SqliteRow) -> Result<RecordedEvent, StoreError> {
        let position = from_row(self.value(row, 0)?);
        let at = || format!("event at position {position:?}");
        let time: i64 = self.value(row, 1)?;
        let time = Timestamp::from_millis(time);
        let cause = Cause {
            caller: self.value(row, 2)?,
            source: self.value(row, 3)?,
            id: self.value(row, 4)?,
            traceparent: self.value(row, 5)?,
        };
        let data = decode_event_data(self.value(row, 6)?);
        let event = Event {
            data: data.map_err(|error| self.unreadable(&at(), &error))?,
            time: time.ok_or_else(|| self.unreadable(&at(), &"its time is out of range"))?,
            cause: Arc::new(cause),
            order: self.order(row, 7, 8)?,
        };
        Ok(RecordedEvent { position, event })
    }
}
