//! The feed: the same rows as the history, read by position.
//!
//! Commits of this process wake who waits at once. Those of other replicas are seen by looking at the
//! counters, as long as somebody waits: NOTIFY would take a lock of the whole server at each commit.

use crate::store::PostgresStore;
use async_trait::async_trait;
use order_core::ports::{
    EventFeed, FeedError, FeedPosition, FeedToken, PageLimit, RecordedEvent, StoreError,
};
use order_store::announce;
use order_store::position::{is_beyond, partitions};
use std::time::Duration;
use tokio::time::Instant;

/// How long [`EventFeed::wait_beyond`] waits at most. Long, for commits wake it; bounded, so that a
/// caller notices when its own client is gone.
const WAIT: Duration = Duration::from_secs(10);

#[async_trait]
impl EventFeed for PostgresStore {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.check(after).await?;
        Ok(self.reader.feed(after, limit).await?)
    }

    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        self.check(&FeedToken::at(after)).await?;
        Ok(self.reader.partition(after, limit).await?)
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        Ok(self.heads().await?)
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

impl PostgresStore {
    /// That `after` is not ahead of the feed. What is known here may be behind other replicas, so only
    /// a token that seems to be ahead is worth a look.
    async fn check(&self, after: &FeedToken) -> Result<(), FeedError> {
        if !is_beyond(after, &self.shared.newest.borrow()) {
            return Ok(());
        }
        let newest = self.heads().await?;
        if is_beyond(after, &newest) {
            Err(FeedError::Ahead { newest })
        } else {
            Ok(())
        }
    }

    /// Waits until the newest positions are as they should be, or for so long at most.
    async fn wait_until(
        &self,
        reached: impl Fn(&FeedToken) -> bool + Send,
    ) -> Result<(), FeedError> {
        let end = Instant::now() + WAIT;
        let interval = self.shared.config().feed_poll_interval;
        let mut newest = self.shared.newest.subscribe();
        loop {
            if reached(&newest.borrow_and_update()) {
                return Ok(());
            }
            if self.is_closed() {
                return Err(self.batchers.unavailable("the store is closed").into());
            }
            match tokio::time::timeout(interval, newest.changed()).await {
                Ok(_) => {}
                Err(_) if Instant::now() >= end => return Ok(()),
                Err(_) => self.look().await?,
            }
        }
    }

    /// The newest positions, for everybody who waits.
    async fn heads(&self) -> Result<FeedToken, StoreError> {
        let newest = self.reader.heads().await?;
        let positions = partitions(&newest).map(|partition| FeedPosition {
            partition,
            offset: newest.offset(partition),
        });
        announce(&self.shared.newest, positions);
        Ok(newest)
    }

    /// Looks at the counters, unless somebody else has just done so.
    async fn look(&self) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        if looked.elapsed() >= self.shared.config().feed_poll_interval {
            let heads = self.heads().await;
            *looked = Instant::now();
            heads?;
        }
        Ok(())
    }
}
