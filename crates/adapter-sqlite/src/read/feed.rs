//! Pages of the feed, and where it stands.

use super::{Reader, Values};
use crate::heads::{HEADS, head};
use order_core::ports::{FeedPosition, FeedToken, PageLimit, RecordedEvent, StoreError};
use order_store::Columns;
use order_store::position::to_row;
use order_store::reads::Values as _;
use sqlx::sqlite::SqliteRow;

/// The columns are those that [`Columns::event`] reads.
pub(crate) const FEED: &str = "SELECT position, time, caller, source, cause_id, traceparent, \
    data, order_id, snapshot FROM order_events \
    WHERE position > ?1 AND position < ?2 ORDER BY position LIMIT ?3";

/// The sizes of the same rows: SQLite knows the length of a blob without reading it.
pub(crate) const SIZES: &str = "SELECT length(data) + length(snapshot) FROM order_events \
    WHERE position > ?1 AND position < ?2 ORDER BY position LIMIT ?3";

impl Reader {
    /// How many events of one partition after `after` are within the limit.
    pub(crate) async fn fitting(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<usize, StoreError> {
        let end = to_row(FeedPosition {
            partition: after.partition + 1,
            offset: 0,
        });
        let values = Values::new().with(to_row(after)).with(end);
        let rows = self.rows(SIZES, values.limit(limit.events)).await?;
        let (mut bytes, mut fitting) = (0, 0);
        for row in &rows {
            if fitting > 0 && bytes >= limit.bytes {
                break;
            }
            let size = usize::try_from(self.number(row, 0)?).unwrap_or(0);
            (bytes, fitting) = (bytes + size, fitting + 1);
        }
        Ok(fitting)
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
        let values = Values::new().with(to_row(after)).with(end).limit(limit);
        let rows = self.rows(FEED, values).await?;
        self.all(&rows, Self::event)
    }

    /// The newest position of each partition.
    pub(crate) async fn heads(&self) -> Result<FeedToken, StoreError> {
        let last = |reader: &Reader, row: &SqliteRow| reader.number(row, 0);
        let rows = self.rows(HEADS, Values::new()).await?;
        self.all(&rows, last).map(head)
    }
}
