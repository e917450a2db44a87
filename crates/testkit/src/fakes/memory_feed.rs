//! The feed of the store in memory.

use super::memory_store::MemoryStore;
use super::store_state::{Feed, State};
use async_trait::async_trait;
use order_core::ports::{EventFeed, FeedError, FeedPosition, FeedToken, PageLimit, RecordedEvent};
use std::time::Duration;

/// How long [`EventFeed::wait_beyond`] waits at most.
const WAIT_SECONDS: u64 = 5;
/// What an event and each of its order's lines count of [`PageLimit::bytes`].
const EVENT_BYTES: usize = 400;
const LINE_BYTES: usize = 60;

impl MemoryStore {
    /// Fails where `after` cannot be read after.
    fn check_token(state: &State, after: &FeedToken) -> Result<(), FeedError> {
        let newest = head(state);
        let named = u16::try_from(after.partitions()).unwrap_or(u16::MAX);
        if (0..named).any(|partition| after.offset(partition) > newest.offset(partition)) {
            return Err(FeedError::Ahead { newest });
        }
        if state
            .feed
            .iter()
            .any(|(&partition, feed)| after.offset(partition) < feed.forgotten)
        {
            let mut oldest = FeedToken::start();
            for (&partition, feed) in &state.feed {
                oldest.advance(FeedPosition {
                    partition,
                    offset: feed.forgotten,
                });
            }
            return Err(FeedError::Gone { oldest });
        }
        Ok(())
    }

    /// As [`MemoryStore::check_token`], of one partition.
    fn check_partition(state: &State, after: FeedPosition) -> Result<(), FeedError> {
        let mut rest = head(state);
        rest.advance(after);
        MemoryStore::check_token(state, &rest)
    }

    fn has_beyond(&self, after: &FeedToken) -> Result<bool, FeedError> {
        let state = self.state()?;
        MemoryStore::check_token(&state, after)?;
        Ok(state
            .feed
            .iter()
            .any(|(&partition, feed)| feed.newest() > after.offset(partition)))
    }
}

#[async_trait]
impl EventFeed for MemoryStore {
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        let state = self.state()?;
        MemoryStore::check_token(&state, after)?;
        let partitions = state.feed.iter();
        let unread = partitions.flat_map(|(&partition, feed)| {
            let after = after.offset(partition);
            feed.events
                .iter()
                .filter(move |recorded| recorded.position.offset > after)
        });
        Ok(unread.take(limit).cloned().collect())
    }

    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError> {
        let state = self.state()?;
        MemoryStore::check_partition(&state, after)?;
        let feed = state.feed.get(&after.partition).into_iter();
        let unread = feed.flat_map(|feed| &feed.events);
        let unread = unread.filter(|recorded| recorded.position.offset > after.offset);
        let mut bytes = 0;
        let fits = |recorded: &&RecordedEvent| {
            let before = bytes;
            bytes += EVENT_BYTES + LINE_BYTES * recorded.event.order.lines.len();
            before < limit.bytes.max(1)
        };
        Ok(unread
            .take(limit.events)
            .take_while(fits)
            .cloned()
            .collect())
    }

    async fn head(&self) -> Result<FeedToken, FeedError> {
        Ok(head(&*self.state()?))
    }

    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError> {
        // Listening begins before looking, so that no commit falls between the two.
        let written = self.0.written.notified();
        tokio::pin!(written);
        written.as_mut().enable();
        if !self.has_beyond(after)? {
            let _ = tokio::time::timeout(Duration::from_secs(WAIT_SECONDS), written).await;
        }
        Ok(())
    }

    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError> {
        let end = tokio::time::Instant::now() + Duration::from_secs(WAIT_SECONDS);
        loop {
            let written = self.0.written.notified();
            tokio::pin!(written);
            written.as_mut().enable();
            let newest = {
                let state = self.state()?;
                MemoryStore::check_partition(&state, after)?;
                state.feed.get(&after.partition).map_or(0, Feed::newest)
            };
            let timed_out = tokio::time::timeout_at(end, written);
            if newest > after.offset || timed_out.await.is_err() {
                return Ok(());
            }
        }
    }
}

pub(super) fn head(state: &State) -> FeedToken {
    let mut head = FeedToken::start();
    for (&partition, feed) in &state.feed {
        head.advance(FeedPosition {
            partition,
            offset: feed.newest(),
        });
    }
    head
}
