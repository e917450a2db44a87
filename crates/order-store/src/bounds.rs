//! The bounds of a store's batchers, and the words for an operator when one is reached.

use std::time::Duration;

/// How much may wait, how much is written or loaded together, and how long a caller waits.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Changes that may wait to be written; one more is refused as overloaded.
    pub max_queued_changes: usize,
    /// Bytes of them.
    pub max_queued_bytes: usize,
    /// Changes of one transaction.
    pub max_batch_changes: usize,
    /// Bytes of them.
    pub max_batch_bytes: usize,
    /// Loads that may wait; one more is refused as overloaded.
    pub max_queued_loads: usize,
    /// Orders that one statement loads.
    pub max_batch_loads: usize,
    /// How long a caller waits for its change to be written. The change is written all the same.
    pub commit_timeout: Duration,
    /// How long a load may take.
    pub read_timeout: Duration,
}

/// The database in messages.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which it is: `PostgreSQL database orders at 10.30.0.10:5432`.
    pub name: String,
    /// What to look at when a commit takes too long: `the disk`.
    pub behind_slow_commits: &'static str,
    /// What to look at when a load takes too long.
    pub behind_slow_loads: &'static str,
}

impl Bounds {
    /// The batcher of changes.
    pub(crate) fn commits(&self) -> group_commit::Config {
        group_commit::Config {
            max_queued_items: self.max_queued_changes,
            max_queued_weight_bytes: self.max_queued_bytes,
            max_batch_items: self.max_batch_changes,
            max_batch_weight_bytes: self.max_batch_bytes,
            ..group_commit::Config::default()
        }
    }

    /// The batcher of loads. An id weighs nothing, so only the numbers bound it.
    pub(crate) fn loads(&self) -> group_commit::Config {
        group_commit::Config {
            max_queued_items: self.max_queued_loads,
            max_batch_items: self.max_batch_loads,
            ..group_commit::Config::default()
        }
    }
}
