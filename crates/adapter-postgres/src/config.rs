//! Where the database is, and every bound of the store.

use order_store::Bounds;
use planes::{Peer, Plane, PlaneKind, Resolver};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tls::ClientTls;

/// How the store is opened. What it may hold in memory is bounded by the queue, one batch for each
/// writer, and what its connections buffer.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where PostgreSQL listens.
    pub address: Address,
    /// The database.
    pub database: String,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub password: Option<Secret>,
    /// How the server is trusted, where TCP is encrypted.
    pub tls: Option<ClientTls>,
    /// The plane by which TCP goes.
    pub plane: Plane,
    /// Who resolves the server's name, if it has one.
    pub resolver: Resolver,
    /// Where the private folder of the relay is made.
    pub relay_folder: PathBuf,
    /// Changes that may wait to be written; one more is refused as overloaded.
    pub max_queued_changes: usize,
    /// Bytes of them.
    pub max_queued_bytes: usize,
    /// Changes of one transaction.
    pub max_batch_changes: usize,
    /// Bytes of them.
    pub max_batch_bytes: usize,
    /// Sessions that write. One is best on a fast disk.
    pub write_connections: usize,
    /// Loads that may wait; one more is refused as overloaded.
    pub max_queued_loads: usize,
    /// Orders that one statement loads.
    pub max_batch_loads: usize,
    /// Sessions that load orders by id.
    pub load_connections: usize,
    /// Sessions for every other read: lists, histories, the feed. Opened when they are needed.
    pub read_connections: u32,
    /// How long a caller waits for its change to be written. The change is written all the same.
    pub commit_timeout: Duration,
    /// How long a read may take, waiting for a session included.
    pub read_timeout: Duration,
    /// How long a session may take to open.
    pub connect_timeout: Duration,
    /// How long PostgreSQL lets a statement run.
    pub statement_timeout: Duration,
    /// How long PostgreSQL lets a statement wait for a lock.
    pub lock_timeout: Duration,
    /// How long an answer may take beyond `statement_timeout` before the session is given up.
    pub answer_grace: Duration,
    /// How long a batch whose session broke is tried on new ones before its callers are told.
    pub recovery_time: Duration,
    /// How often a batch is tried again after a deadlock or a serialization failure.
    pub max_conflict_retries: u32,
    /// How long a reading session is kept without use.
    pub idle_timeout: Duration,
    /// How late commits of other replicas may wake who waits for the feed.
    pub feed_poll_interval: Duration,
}

/// Where PostgreSQL listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP, by the plane and its relay.
    Tcp(Peer),
    /// A Unix socket `.s.PGSQL.PORT` in this folder, directly.
    Socket {
        /// The folder.
        folder: PathBuf,
        /// The number in the socket's name.
        port: u16,
    },
}

/// As messages name it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(peer) => peer.fmt(f),
            Address::Socket { folder, port } => {
                write!(f, "{}/.s.PGSQL.{port}", folder.display())
            }
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Config {
    /// The default bounds on this database.
    pub fn at(address: Address, database: impl Into<String>, user: impl Into<String>) -> Config {
        Config {
            address,
            database: database.into(),
            user: user.into(),
            password: None,
            tls: None,
            plane: Plane::unbound(PlaneKind::Storage),
            resolver: Resolver::new(Plane::unbound(PlaneKind::Default)),
            relay_folder: std::env::temp_dir(),
            max_queued_changes: 4_096,
            max_queued_bytes: 32 * 1024 * 1024,
            max_batch_changes: 512,
            max_batch_bytes: 4 * 1024 * 1024,
            write_connections: 1,
            max_queued_loads: 4_096,
            max_batch_loads: 256,
            load_connections: 1,
            read_connections: 8,
            commit_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            answer_grace: Duration::from_secs(1),
            recovery_time: Duration::from_secs(4),
            max_conflict_retries: 5,
            idle_timeout: Duration::from_mins(1),
            feed_poll_interval: Duration::from_millis(50),
        }
    }

    /// As messages name the database: `orders at 10.30.0.10:5432`.
    pub(crate) fn name(&self) -> String {
        format!("PostgreSQL database {} at {}", self.database, self.address)
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
