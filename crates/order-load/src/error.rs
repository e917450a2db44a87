//! What can go wrong between this driver and the service.

use std::io;
use std::path::PathBuf;

use planes::PlaneError;

/// Why a run could not be made or finished. An order that the service refused is no error of the
/// run; it is counted in the report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The URL does not name a service that can be reached by address.
    #[error("cannot use the URL {url:?}: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The runtime could not start.
    #[error("cannot start the runtime: {0}")]
    Runtime(#[source] io::Error),
    /// No connection.
    #[error("cannot connect to the service: {0}; is it running?")]
    Connect(#[from] PlaneError),
    /// The connection broke.
    #[error("the connection to the service failed: {0}")]
    Stream(#[source] io::Error),
    /// The connection broke or spoke no HTTP/2.
    #[error("the HTTP/2 connection to the service failed: {0}; does it serve gRPC there?")]
    Http2(#[from] h2::Error),
    /// A request that HTTP cannot carry.
    #[error("a request cannot be built: {0}")]
    Request(#[from] http::Error),
    /// No answer in time.
    #[error("no answer within {seconds} s")]
    Timeout {
        /// How long was waited.
        seconds: u64,
    },
    /// An answer that is no answer to what was asked.
    #[error("an answer cannot be read: {0}")]
    Answer(String),
    /// The service said no where the run cannot go on without.
    #[error("the service refused: {0}")]
    Refused(String),
    /// A thread of ours ended early.
    #[error("a thread of the driver ended early; what it printed says why")]
    Thread,
    /// The service said no to a whole batch.
    #[error("a batch was answered {status}: {body}")]
    Batch {
        /// The HTTP status.
        status: u16,
        /// How the answer begins.
        body: String,
    },
    /// No address to listen on.
    #[error("cannot listen: {0}")]
    Listen(#[source] PlaneError),
    /// The file of ids cannot be used.
    #[error("{}: {reason}", path.display())]
    Ids {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not of the shape that was named.
    #[error("line {line}: {reason}")]
    Record {
        /// From 1, the header too.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A JSON text could not be written or read.
    #[error("JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The kernel does not tell what was asked.
    #[error("cannot read {path}: {source}")]
    Proc {
        /// A file of procfs.
        path: String,
        /// Why.
        source: io::Error,
    },
}
