//! Pages of the feed, and where it stands.

use super::{Reader, Values};
use order_core::ports::{FeedPosition, FeedToken, RecordedEvent, StoreError};
use order_store::Columns;
use order_store::position::partitions;
use order_store::reads::Values as _;

/// The columns are those that [`Columns::event`] reads.
/// One walk of the primary key for each partition; `$1` holds the offset of each after which to read.
pub(crate) const FEED: &str = "SELECT e.* FROM feed f CROSS JOIN LATERAL ( \
        SELECT position, time, caller, source, cause_id, traceparent, data, order_id, snapshot \
        FROM order_events e WHERE e.position > (f.partition::int8 << 48) \
            + coalesce(($1::int8[])[f.partition + 1], 0) \
        AND e.position < (f.partition + 1)::int8 << 48 ORDER BY e.position LIMIT $2) e LIMIT $2";
pub(crate) const HEADS: &str = "SELECT partition, last FROM feed";

impl Reader {
    /// Events of every partition after `after`.
    pub(crate) async fn feed(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let offsets = partitions(after).map(|partition| after.offset(partition));
        let offsets: Vec<i64> = offsets
            .map(|offset| i64::try_from(offset).unwrap_or(i64::MAX))
            .collect();
        let values = Values::new().with(offsets).limit(limit);
        let rows = self.rows(FEED, values).await?;
        self.all(&rows, Self::event)
    }

    /// The newest position of each partition.
    pub(crate) async fn heads(&self) -> Result<FeedToken, StoreError> {
        let mut heads = FeedToken::start();
        for row in self.rows(HEADS, Values::new()).await? {
            let partition: i16 = self.value(&row, 0)?;
            heads.advance(FeedPosition {
                partition: u16::try_from(partition)
                    .map_err(|error| self.unreadable("a feed counter", &error))?,
                offset: self.unsigned(&row, 1)?,
            });
        }
        Ok(heads)
    }
}
