//! Gathers waiting writes and flushes them together; knows no SQL.
