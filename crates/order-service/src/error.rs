//! What keeps the service from starting, each in one line: what failed, where, and what to do.

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
    /// A file that a setting names.
    #[error("{setting} {source}")]
    File {
        setting: &'static str,
        source: FileError,
    },
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
