//! What the file knows of the publishing of its feed.

use super::{Reader, Values};
use order_core::ports::{PartitionRecord, StoreError};
use order_store::Columns;
use order_store::reads::Values as _;

pub(crate) const NOTES: &str = "SELECT partition, epoch, published FROM feed_published";

impl Reader {
    /// What was noted of each partition; without an owner.
    pub(crate) async fn notes(&self) -> Result<Vec<PartitionRecord>, StoreError> {
        let rows = self.rows(NOTES, Values::new()).await?;
        self.all(&rows, |reader, row| {
            let partition = u16::try_from(reader.number(row, 0)?);
            let published: Option<i64> = reader.value(row, 2)?;
            Ok(PartitionRecord {
                partition: partition.map_err(|error| reader.unreadable("a lease", &error))?,
                owner: None,
                epoch: reader.unsigned(row, 1)?,
                published: published.and_then(|offset| u64::try_from(offset).ok()),
            })
        })
    }
}
