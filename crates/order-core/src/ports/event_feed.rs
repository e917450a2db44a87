//! The feed of all events, in the order of commits.

use super::StoreError;
use crate::domain::Event;
use async_trait::async_trait;
use std::fmt;
use std::str::FromStr;

/// Reads events by position. The feed is the outbox and the history at once.
///
/// Contract: within a partition, positions are dense from 1 and in commit order, so "after n" needs
/// no look back; an event is readable as soon as its commit was acknowledged.
#[async_trait]
pub trait EventFeed: Send + Sync {
    /// Events after `after`, at most `limit`, in order within each partition.
    async fn read_after(
        &self,
        after: &FeedToken,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, FeedError>;

    /// Events of one partition after `after`: at most `limit.events`, and no more once their stored form
    /// has `limit.bytes`, but at least one if there is one.
    async fn read_partition(
        &self,
        after: FeedPosition,
        limit: PageLimit,
    ) -> Result<Vec<RecordedEvent>, FeedError>;

    /// The position of the newest event of each partition.
    async fn head(&self) -> Result<FeedToken, FeedError>;

    /// Returns when there may be an event after `after`, at the latest after some seconds; a caller
    /// reads again and waits again. Costs nothing while nothing is written.
    async fn wait_beyond(&self, after: &FeedToken) -> Result<(), FeedError>;

    /// As [`wait_beyond`](EventFeed::wait_beyond), for an event of this partition alone.
    async fn wait_in_partition(&self, after: FeedPosition) -> Result<(), FeedError>;
}

/// How much to read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Events at most.
    pub events: usize,
    /// Bytes of their stored form, about.
    pub bytes: usize,
}

/// An event with its place in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Where it stands.
    pub position: FeedPosition,
    /// What happened.
    pub event: Event,
}

/// A place in one partition of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedPosition {
    /// The partition, from 0.
    pub partition: u16,
    /// The place in it, from 1.
    pub offset: u64,
}

/// How far a reader has come: one offset for each partition, 0 for none read yet. Its text is
/// opaque to callers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FeedToken(Vec<u64>);

/// The text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a position that this service gave")]
pub struct InvalidToken;

/// Partitions that a feed may have.
const MAX_PARTITIONS: usize = 64;

impl FeedToken {
    /// The beginning of the feed.
    pub const fn start() -> FeedToken {
        FeedToken(Vec::new())
    }

    /// The token that has come so far in each partition.
    pub fn new(offsets: Vec<u64>) -> FeedToken {
        FeedToken(offsets)
    }

    /// The token that stands at `position` and at the beginning of every other partition.
    pub fn at(position: FeedPosition) -> FeedToken {
        let mut token = FeedToken::start();
        token.advance(position);
        token
    }

    /// How far it has come in `partition`.
    pub fn offset(&self, partition: u16) -> u64 {
        self.0.get(usize::from(partition)).copied().unwrap_or(0)
    }

    /// Moves on to `position`.
    pub fn advance(&mut self, position: FeedPosition) {
        let index = usize::from(position.partition);
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        self.0[index] = position.offset;
    }

    /// How many partitions it speaks of.
    pub fn partitions(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for FeedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("0");
        }
        for (i, offset) in self.0.iter().enumerate() {
            write!(f, "{}{offset}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl FromStr for FeedToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<FeedToken, InvalidToken> {
        let digits = |part: &str| -> Result<u64, InvalidToken> {
            let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let offset: u64 = part.parse().map_err(|_| InvalidToken)?;
            // Stores keep positions as signed 64-bit integers.
            if plain && i64::try_from(offset).is_ok() {
                Ok(offset)
            } else {
                Err(InvalidToken)
            }
        };
        let offsets = text
            .split('.')
            .map(digits)
            .collect::<Result<Vec<u64>, InvalidToken>>()?;
        if offsets.len() > MAX_PARTITIONS {
            Err(InvalidToken)
        } else {
            Ok(FeedToken(offsets))
        }
    }
}

/// Why the feed did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// Events after this position are no longer kept.
    #[error("events after this position are no longer kept; the oldest position is {oldest}")]
    Gone {
        /// The oldest position that can be read after.
        oldest: FeedToken,
    },
    /// The position is ahead of the feed: it is of another store.
    #[error(
        "this position is ahead of the feed, whose newest position is {newest}; it was given by another store"
    )]
    Ahead {
        /// The newest position.
        newest: FeedToken,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_it_was_written() {
        for text in ["0", "57", "57.0.3"] {
            assert_eq!(text.parse::<FeedToken>().unwrap().to_string(), text);
        }
        let token = FeedToken::at(FeedPosition {
            partition: 2,
            offset: 9,
        });
        assert_eq!(token.to_string(), "0.0.9");
        assert_eq!((token.offset(2), token.offset(7)), (9, 0));
    }

    #[test]
    fn what_was_never_given_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "1.",
            "a",
            "18446744073709551615",
            "1,2",
            " 1",
        ] {
            assert_eq!(text.parse::<FeedToken>(), Err(InvalidToken), "{text:?}");
        }
    }
}
