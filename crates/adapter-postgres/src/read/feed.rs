//! Pages of the feed, and where it stands.

use super::{Reader, Values};
use order_core::ports::{FeedPosition, FeedToken, PageLimit, RecordedEvent, StoreError};
use order_store::Columns;
use order_store::position::{partitions, to_row};
use order_store::reads::Values as _;

/// The columns are those that [`Columns::event`] reads.
/// One walk of the primary key for each partition; `$1` holds the offset of each after which to read.
pub(crate) const FEED: &str = "SELECT e.* FROM feed f CROSS JOIN LATERAL ( \
        SELECT position, time, caller, source, cause_id, traceparent, data, order_id, snapshot \
        FROM order_events e WHERE e.position > (f.partition::int8 << 48) \
            + coalesce(($1::int8[])[f.partition + 1], 0) \
        AND e.position < (f.partition + 1)::int8 << 48 ORDER BY e.position LIMIT $2) e LIMIT $2";
/// As [`FEED`], of one partition, and only as many as have so many bytes: `bytes` counts those before.
pub(crate) const PARTITION: &str = "SELECT * FROM ( \
        SELECT *, sum(octet_length(data) + octet_length(snapshot)) OVER (ORDER BY position \
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes FROM ( \
            SELECT position, time, caller, source, cause_id, traceparent, data, order_id, snapshot \
            FROM order_events WHERE position > $1 AND position < $2 ORDER BY position LIMIT $3 \
        ) page) sized WHERE bytes IS NULL OR bytes < $4";
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

    /// Events of one partition after `after`.
    pub(crate) async fn partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let end = FeedPosition {
            partition: after.partition + 1,
            offset: 0,
        };
        let values = Values::new().with(to_row(after)).with(to_row(end));
        let values = values.limit(limit.events).limit(limit.bytes);
        let rows = self.rows(PARTITION, values).await?;
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
