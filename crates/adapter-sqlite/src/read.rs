//! Reading: on connections that cannot write, and that never wait for the writer (WAL).

pub(crate) mod events;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod load;

pub(crate) use load::Loader;

use crate::config::Config;
use crate::error::{store_error, unreadable};
use order_core::domain::{Order, OrderId};
use order_core::ports::StoreError;
use order_proto::storage::decode_order;
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

    fn unreadable(&self, row: &str, error: &impl Display) -> StoreError {
        unreadable(&self.config.path, row, error)
    }

    /// The value of a column.
    fn value<'r, T>(&self, row: &'r SqliteRow, column: usize) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Sqlite>,
    {
        row.try_get_unchecked(column)
            .map_err(|error| self.failed(&error))
    }

    /// A column that is never negative.
    fn unsigned(&self, row: &SqliteRow, column: usize) -> Result<u64, StoreError> {
        let number: i64 = self.value(row, column)?;
        u64::try_from(number).map_err(|error| self.unreadable("a version or position", &error))
    }

    /// A column of 16 bytes.
    fn wide(&self, row: &SqliteRow, column: usize) -> Result<u128, StoreError> {
        let bytes: &[u8] = self.value(row, column)?;
        let bytes: Result<[u8; 16], _> = bytes.try_into();
        bytes
            .map(u128::from_be_bytes)
            .map_err(|error| self.unreadable("a key of 16 bytes", &error))
    }

    fn order_id(&self, row: &SqliteRow, column: usize) -> Result<OrderId, StoreError> {
        self.wide(row, column).map(OrderId::from_u128)
    }

    /// The order whose id and snapshot stand in these columns.
    fn order(&self, row: &SqliteRow, id: usize, snapshot: usize) -> Result<Arc<Order>, StoreError> {
        let order = decode_order(self.value(row, snapshot)?);
        order
            .map(Arc::new)
            .map_err(|error| match self.order_id(row, id) {
                Ok(id) => self.unreadable(&format!("order {id}"), &error),
                Err(no_id) => no_id,
            })
    }
}

/// The values of a statement, in the order of its marks.
struct Values(Result<SqliteArguments, StoreError>);

impl Values {
    fn new() -> Values {
        Values(Ok(SqliteArguments::default()))
    }

    fn with<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(mut self, value: T) -> Values {
        if let Ok(arguments) = &mut self.0
            && let Err(error) = sqlx::Arguments::add(arguments, value)
        {
            let detail = format!("a value of a query cannot be encoded: {error}");
            self.0 = Err(StoreError::Corrupt { detail });
        }
        self
    }

    fn id(self, id: OrderId) -> Values {
        self.with(id.to_bytes().as_slice())
    }

    fn limit(self, limit: usize) -> Values {
        self.with(i64::try_from(limit).unwrap_or(i64::MAX))
    }
}
