//! What can go wrong, in words that say what to do.

use order_core::ports::StoreError;
use std::path::{Path, PathBuf};

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "{path} is in use by another process{}: stop that one, or give this one a file of its own \
         (the lock is {lock_path}; it frees itself when its process ends, do not delete it)",
        holder.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The database.
        path: PathBuf,
        /// The lock file.
        lock_path: PathBuf,
        /// The process, where it is known.
        holder: Option<u32>,
    },
    /// A newer version of the service has written it.
    #[error(
        "{path} has schema version {found}, but this program knows versions up to {known}: \
         start the version that wrote it, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// A SQLite database, but not an order store.
    #[error("{path} is a SQLite database of something else: name another file")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The folder, the file or its lock cannot be made or opened.
    #[error("{path} cannot be opened: {error}; check that the folder is writable for this user")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// SQLite refused it.
    #[error("{path} cannot be {action}: {detail}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What was tried: `opened`, `migrated to version 2`.
        action: String,
        /// What SQLite says.
        detail: String,
    },
    /// A bound of the configuration is useless.
    #[error("the store's configuration is not usable: {detail}")]
    Config {
        /// Which, and why.
        detail: String,
    },
}

impl OpenError {
    pub(crate) fn database(
        path: &Path,
        action: impl Into<String>,
        error: &sqlx::Error,
    ) -> OpenError {
        OpenError::Database {
            path: path.to_owned(),
            action: action.into(),
            detail: advise(error),
        }
    }
}

/// The primary result codes that this store tells apart (<https://sqlite.org/rescode.html>).
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const TOOBIG: i32 = 18;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const MISMATCH: i32 = 20;
    pub(super) const NOTADB: i32 = 26;
}

/// SQLite's primary result code; the extended one keeps it in its lowest byte.
fn primary(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xFF)
}

/// Whether the content of the batch is what SQLite refuses, rather than the file being the matter.
pub(crate) fn is_refusal(error: &sqlx::Error) -> bool {
    let refusals = [code::TOOBIG, code::CONSTRAINT, code::MISMATCH];
    primary(error).is_some_and(|primary| refusals.contains(&primary))
        || matches!(error, sqlx::Error::Encode(_))
}

/// What the caller is told of a failed read or write of the file at `path`.
pub(crate) fn store_error(path: &Path, action: &str, error: &sqlx::Error) -> StoreError {
    let detail = format!(
        "{} could not be {action}: {}",
        path.display(),
        advise(error)
    );
    match (primary(error), error) {
        (Some(code::CORRUPT | code::NOTADB), _)
        | (_, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => {
            StoreError::Corrupt { detail }
        }
        _ if is_refusal(error) => StoreError::Corrupt { detail },
        _ => StoreError::Unavailable { detail },
    }
}

/// A stored row that cannot be read.
pub(crate) fn unreadable(path: &Path, row: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt {
        detail: format!(
            "{}, {row}: {error}; restore the file from a backup",
            path.display()
        ),
    }
}

/// What SQLite says, and what to do about it.
fn advise(error: &sqlx::Error) -> String {
    let advice = match primary(error) {
        Some(code::FULL) => "the disk is full: make room, writing then goes on by itself",
        Some(code::IOERR) => {
            "the disk failed or is full: look at the kernel log and the free space"
        }
        Some(code::BUSY) => "another program holds a lock on the file: end it",
        Some(code::CANTOPEN) => "check that the file and its folder exist and belong to this user",
        Some(code::CORRUPT | code::NOTADB) => "the file is damaged: restore it from a backup",
        _ if matches!(error, sqlx::Error::PoolTimedOut) => "too many reads at once, or a slow disk",
        _ => return error.to_string(),
    };
    format!("{error} ({advice})")
}
