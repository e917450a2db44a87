//! Reading: on connections that cannot write, and that never wait for the writer (WAL).

pub(crate) mod feed;
pub(crate) mod leases;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod repairs;
pub(crate) mod statements;

pub(crate) use load::Loader;

use crate::commit::wide;
use crate::config::Config;
use crate::error::{store_error, unreadable};
use order_core::ports::StoreError;
use order_store::Columns;
use order_store::reads::{Reads, Statements, Values as _};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{Encode, Row, SqlSafeStr, Type};
use std::fmt::Display;
use std::sync::Arc;

/// The reads that are not coalesced.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    config: Arc<Config>,
    pool: SqlitePool,
}

impl Reader {
    pub(crate) fn new(config: Arc<Config>) -> Reader {
        let pool = SqlitePoolOptions::new()
            .max_connections(config.read_connections)
            .acquire_timeout(config.read_timeout)
            .idle_timeout(config.idle_timeout)
            // A file needs no ping: one round trip to SQLite's thread less.
            .test_before_acquire(false)
            .connect_lazy_with(crate::connect::reader(&config));
        Reader { config, pool }
    }

    /// The rows of one statement, within the read timeout.
    async fn rows(
        &self,
        sql: impl SqlSafeStr,
        values: Values,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let query = sqlx::query_with(sql, values.0?).fetch_all(&self.pool);
        match tokio::time::timeout(self.config.read_timeout, query).await {
            Ok(rows) => rows.map_err(|error| self.failed(&error)),
            Err(_) => Err(StoreError::Unavailable {
                detail: format!(
                    "{} did not answer a read within {} ms: look at the disk and at the load",
                    self.config.path.display(),
                    self.config.read_timeout.as_millis()
                ),
            }),
        }
    }

    /// Proves that the file can be read.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.rows("SELECT max(position) FROM order_events", Values::new())
            .await
            .map(drop)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        store_error(&self.config.path, "read", error)
    }

    fn value<'r, T>(&self, row: &'r SqliteRow, column: usize) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Sqlite>,
    {
        row.try_get_unchecked(column)
            .map_err(|error| self.failed(&error))
    }
}

impl Reads for Reader {
    type Values = Values;

    const STATEMENTS: Statements = statements::STATEMENTS;

    async fn ask(&self, sql: &'static str, values: Values) -> Result<Vec<SqliteRow>, StoreError> {
        self.rows(sql, values).await
    }
}

impl Columns for Reader {
    type Row = SqliteRow;

    fn number(&self, row: &SqliteRow, column: usize) -> Result<i64, StoreError> {
        self.value(row, column)
    }

    fn flag(&self, row: &SqliteRow, column: usize) -> Result<bool, StoreError> {
        self.value(row, column)
    }

    fn wide(&self, row: &SqliteRow, column: usize) -> Result<u128, StoreError> {
        wide(row, column).map_err(|error| self.unreadable("a key of 16 bytes", &error))
    }

    fn text(&self, row: &SqliteRow, column: usize) -> Result<Option<String>, StoreError> {
        self.value(row, column)
    }

    fn bytes_or_null<'r>(
        &self,
        row: &'r SqliteRow,
        column: usize,
    ) -> Result<Option<&'r [u8]>, StoreError> {
        self.value(row, column)
    }

    fn bytes<'r>(&self, row: &'r SqliteRow, column: usize) -> Result<&'r [u8], StoreError> {
        self.value(row, column)
    }

    fn unreadable(&self, what: &str, error: &dyn Display) -> StoreError {
        unreadable(&self.config.path, what, error)
    }
}

/// The values of a statement, in the order of its marks.
pub(crate) struct Values(Result<SqliteArguments, StoreError>);

impl Values {
    fn with<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(mut self, value: T) -> Values {
        if let Ok(arguments) = &mut self.0
            && let Err(error) = sqlx::Arguments::add(arguments, value)
        {
            let detail = format!("a value of a query cannot be encoded: {error}");
            self.0 = Err(StoreError::Corrupt { detail });
        }
        self
    }
}

impl order_store::reads::Values for Values {
    fn new() -> Values {
        Values(Ok(SqliteArguments::default()))
    }

    fn number(self, number: i64) -> Values {
        self.with(number)
    }

    fn wide(self, number: u128) -> Values {
        self.with(number.to_be_bytes().as_slice())
    }
}
