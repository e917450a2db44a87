//! What keeps the service from starting, each in one line: what failed, where, and what to do.

use planes::{NetlinkError, PlaneError, ShareError};
use std::io;
use std::path::PathBuf;
use std::str::Utf8Error;
use tls::TlsError;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A listener's certificate, key or authorities.
    #[error("TLS of {listener}: {source}; look at {listener}_tls_…")]
    Tls {
        /// The first part of its settings' names.
        listener: &'static str,
        source: TlsError,
    },
    /// A plane's interface, or a listener on it.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The listeners of gRPC or REST, which have threads of their own.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The kernel, or what shields it, tells nothing of interfaces.
    #[error("the planes' interfaces cannot be watched: {0}")]
    Links(NetlinkError),
    /// A file that a setting names.
    #[error("{setting} {source}")]
    File {
        setting: &'static str,
        source: FileError,
    },
    #[error(
        "the runtime cannot start: {0}; look at the process's limits of threads and open files"
    )]
    Runtime(io::Error),
    #[error(
        "the store's thread cannot start: {0}; look at the process's limits of threads and open files"
    )]
    StoreThread(io::Error),
    #[error("signals cannot be watched: {0}")]
    Signals(io::Error),
}

/// What the process says last, once.
impl From<StartError> for String {
    fn from(error: StartError) -> String {
        error.to_string()
    }
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: is larger than {most_bytes} bytes", path.display())]
    TooLarge { path: PathBuf, most_bytes: u64 },
    #[error("{}: is no text: {source}", path.display())]
    NotText { path: PathBuf, source: Utf8Error },
    /// It can be read, and says what it cannot mean: every mistake with its line and what to write.
    #[error("{}: {mistakes}", path.display())]
    Mistaken { path: PathBuf, mistakes: String },
}

/// Why sockets cannot be looked after.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    #[error("connections whose interface is gone cannot be looked for (SOC003 goes unseen): {0}")]
    Orphans(io::Error),
    #[error("sockets cannot be held against the planes (SOC001 goes unseen): {0}")]
    Audit(#[from] NetlinkError),
}
