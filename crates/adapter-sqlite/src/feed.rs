//! The feed: the same rows as the history, read by position.

use crate::store::SqliteStore;
use async_trait::async_trait;
use order_core::ports::{EventFeed, FeedError, FeedPosition, FeedToken, PageLimit, RecordedEvent};
use order_store::position::{is_beyond, partitions};
use std::time::Duration;

/// How long [`EventFeed::wait_beyond`] waits at most. Long, for commits wake it; bounded, so that a
/// caller notices when its own client is gone.
const WAIT: Duration = Duration::from_secs(10);

#[async_trait]
impl EventFeed for SqliteStore {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        let newest = self.check(after).await?;
        let mut events = Vec::new();
        for partition in partitions(&newest) {
            let offset = after.offset(partition);
            if events.len() < limit && newest.offset(partition) > offset {
                let from = FeedPosition { partition, offset };
                let mut page = self.reader.feed(from, limit - events.len()).await?;
                events.append(&mut page);
            }
        }
        Ok(events)
    }

    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.check(&FeedToken::at(after)).await?;
        let fitting = self.reader.fitting(after, limit).await?;
        if fitting == 0 {
            return Ok(Vec::new());
        }
        Ok(self.reader.feed(after, fitting).await?)
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        Ok(self.reader.heads().await?)
    }

    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError> {
        self.check(after).await?;
        self.wait_until(|newest| is_beyond(newest, after)).await
    }

    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError> {
        self.check(&FeedToken::at(after)).await?;
        self.wait_until(|newest| newest.offset(after.partition) > after.offset)
            .await
    }
}

impl SqliteStore {
    /// Waits until the newest positions are as they should be, or for so long at most.
    async fn wait_until(
        &self,
        reached: impl Fn(&FeedToken) -> bool + Send,
    ) -> Result<(), FeedError> {
        let mut newest = self.newest.clone();
        let beyond = newest.wait_for(reached);
        match tokio::time::timeout(WAIT, beyond).await {
            Ok(Ok(_)) | Err(_) => Ok(()),
            Ok(Err(_)) => Err(self.batchers.unavailable("the store is closed").into()),
        }
    }

    /// The newest positions, none of which `after` is ahead of. They are known without asking the
    /// file; only a token that seems to be ahead is worth a look, since a commit may be readable an
    /// instant before it is announced.
    async fn check(&self, after: &FeedToken) -> Result<FeedToken, FeedError> {
        let announced = self.newest.borrow().clone();
        if !is_beyond(after, &announced) {
            return Ok(announced);
        }
        let newest = self.reader.heads().await?;
        if is_beyond(after, &newest) {
            Err(FeedError::Ahead { newest })
        } else {
            Ok(newest)
        }
    }
}
