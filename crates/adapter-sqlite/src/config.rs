//! Where the file is, and every bound of the store.

use order_store::Bounds;
use std::path::PathBuf;
use std::time::Duration;

/// How the store is opened. What it may hold in memory is bounded by the queue, one batch, and the
/// page caches: `writer_cache_kib` and, for each reading connection, `reader_cache_kib`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The database file. Its folder is made where it is missing, readable by its owner alone.
    pub path: PathBuf,
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
    /// Connections that load orders by id.
    pub load_connections: usize,
    /// Connections for every other read: lists, histories, the feed. Opened when they are needed.
    pub read_connections: u32,
    /// How long a caller waits for its change to be written. The change is written all the same.
    pub commit_timeout: Duration,
    /// How long a read may take, waiting for a connection included.
    pub read_timeout: Duration,
    /// How long to wait for a lock that an operator's tool holds on the file.
    pub busy_timeout: Duration,
    /// How long a reading connection is kept without use.
    pub idle_timeout: Duration,
    /// Page cache of the writing connection.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection.
    pub reader_cache_kib: u32,
    /// Pages of the write-ahead log after which they are moved into the file.
    pub wal_checkpoint_pages: u32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            path: PathBuf::from("./data/orders.db"),
            max_queued_changes: 4_096,
            max_queued_bytes: 32 * 1024 * 1024,
            max_batch_changes: 512,
            max_batch_bytes: 4 * 1024 * 1024,
            max_queued_loads: 4_096,
            max_batch_loads: 256,
            load_connections: 1,
            read_connections: 4,
            commit_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_mins(1),
            writer_cache_kib: 8 * 1024,
            reader_cache_kib: 2 * 1024,
            wal_checkpoint_pages: 1_000,
        }
    }
}

impl Config {
    /// The default bounds on this file.
    pub fn at(path: impl Into<PathBuf>) -> Config {
        Config {
            path: path.into(),
            ..Config::default()
        }
    }

    /// The bounds of the batchers.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            max_queued_changes: self.max_queued_changes,
            max_queued_bytes: self.max_queued_bytes,
            max_batch_changes: self.max_batch_changes,
            max_batch_bytes: self.max_batch_bytes,
            max_queued_loads: self.max_queued_loads,
            max_batch_loads: self.max_batch_loads,
            commit_timeout: self.commit_timeout,
            read_timeout: self.read_timeout,
        }
    }
}
