//! How connections are opened: one that writes, others that cannot.

use crate::config::Config;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// Statements that a connection keeps prepared: every shape of a batch, or every set of list filters.
const CACHED_STATEMENTS: usize = 64;
/// Rows that SQLite's thread may be ahead of the reader: a whole batch, so that it need not wait.
const ROW_BUFFER_ROWS: usize = 256;
/// Bytes to which the write-ahead log is cut back after a burst.
const WAL_KEPT_BYTES: u32 = 16 * 1024 * 1024;

/// The writing connection: makes the file where it is missing.
///
/// `synchronous=FULL` is one fsync of the log for each commit: what was answered survives a power cut.
pub(crate) fn writer(config: &Config) -> SqliteConnectOptions {
    base(config, config.writer_cache_kib)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma(
            "wal_autocheckpoint",
            config.wal_checkpoint_pages.to_string(),
        )
        .pragma("journal_size_limit", WAL_KEPT_BYTES.to_string())
        .thread_name(|_| "sqlite-write".to_owned())
}

/// A connection that can only read.
pub(crate) fn reader(config: &Config) -> SqliteConnectOptions {
    base(config, config.reader_cache_kib)
        .read_only(true)
        .thread_name(|n| format!("sqlite-read-{n}"))
}

fn base(config: &Config, cache_kib: u32) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&config.path)
        .busy_timeout(config.busy_timeout)
        .foreign_keys(true)
        // Negative means KiB rather than pages.
        .pragma("cache_size", format!("-{cache_kib}"))
        // Through a mapping, a read error of the disk would be a SIGBUS instead of an error.
        .pragma("mmap_size", "0")
        .pragma("temp_store", "memory")
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(CACHED_STATEMENTS)
        .row_buffer_size(ROW_BUFFER_ROWS)
        .disable_statement_logging()
}
