//! Reading: on sessions of its own, so that it never waits for the writer.

pub(crate) mod feed;
pub(crate) mod leases;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod repairs;
pub(crate) mod statements;

pub(crate) use load::Loader;

use crate::commit::wide;
use crate::connect::{Connector, check};
use crate::error::{store_error, unreadable};
use order_core::ports::StoreError;
use order_store::Columns;
use order_store::reads::{Reads, Statements, Values as _};
use sqlx::postgres::{PgArguments, PgPool, PgPoolOptions, PgRow, Postgres};
use sqlx::{Encode, Row, SqlSafeStr, Type};
use std::fmt::Display;
use std::sync::Arc;
use uuid::Uuid;

/// The reads that are not coalesced.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    connector: Arc<Connector>,
    pool: PgPool,
}

impl Reader {
    pub(crate) fn new(connector: Arc<Connector>) -> Reader {
        let config = &connector.config;
        let pool = PgPoolOptions::new()
            .max_connections(config.read_connections)
            .acquire_timeout(config.read_timeout)
            .idle_timeout(config.idle_timeout)
            // A session that broke is told by the statement itself, which costs no round trip before.
            .test_before_acquire(false)
            .after_connect(|session, _| Box::pin(async move { check(session).await }))
            .connect_lazy_with(connector.options());
        Reader { connector, pool }
    }

    pub(crate) fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    /// The rows of one statement, within the read timeout. A session that turns out to be broken is
    /// replaced once: reading twice changes nothing.
    async fn rows(&self, sql: impl SqlSafeStr, values: Values) -> Result<Vec<PgRow>, StoreError> {
        let sql = sql.into_sql_str();
        let values = values.0?;
        let limit = self.connector.config.read_timeout;
        let read = async {
            for _ in 0..self.connector.config.read_connections {
                let read = sqlx::query_with(sql.clone(), values.clone());
                match read.fetch_all(&self.pool).await {
                    Err(error) if is_broken(&error) => {}
                    other => return other,
                }
            }
            sqlx::query_with(sql, values).fetch_all(&self.pool).await
        };
        match tokio::time::timeout(limit, read).await {
            Ok(rows) => rows.map_err(|error| self.failed(&self.connector.explain(error))),
            Err(_) => Err(StoreError::Unavailable {
                detail: format!(
                    "{} did not answer a read within {} ms{}: look at the database and the way to it",
                    self.connector.name,
                    limit.as_millis(),
                    self.connector.reason()
                ),
            }),
        }
    }

    /// Proves that the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.rows("SELECT last FROM feed WHERE partition = 0", Values::new())
            .await
            .map(drop)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        store_error(&self.connector.name, "read", error)
    }

    fn value<'r, T>(&self, row: &'r PgRow, column: usize) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Postgres>,
    {
        row.try_get_unchecked(column)
            .map_err(|error| self.failed(&error))
    }
}

impl Reads for Reader {
    type Values = Values;

    const STATEMENTS: Statements = statements::STATEMENTS;

    async fn ask(&self, sql: &'static str, values: Values) -> Result<Vec<PgRow>, StoreError> {
        self.rows(sql, values).await
    }
}

impl Columns for Reader {
    type Row = PgRow;

    fn number(&self, row: &PgRow, column: usize) -> Result<i64, StoreError> {
        self.value(row, column)
    }

    fn flag(&self, row: &PgRow, column: usize) -> Result<bool, StoreError> {
        self.value(row, column)
    }

    fn wide(&self, row: &PgRow, column: usize) -> Result<u128, StoreError> {
        wide(row, column).map_err(|error| self.failed(&error))
    }

    fn text(&self, row: &PgRow, column: usize) -> Result<Option<String>, StoreError> {
        self.value(row, column)
    }

    fn bytes_or_null<'r>(
        &self,
        row: &'r PgRow,
        column: usize,
    ) -> Result<Option<&'r [u8]>, StoreError> {
        self.value(row, column)
    }

    fn bytes<'r>(&self, row: &'r PgRow, column: usize) -> Result<&'r [u8], StoreError> {
        self.value(row, column)
    }

    fn unreadable(&self, what: &str, error: &dyn Display) -> StoreError {
        unreadable(&self.connector.name, what, error)
    }
}

/// Whether the session was dead before it was asked: the server ended it, or the network did.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            std::io::ErrorKind::BrokenPipe
                | std::io::ErrorKind::ConnectionReset
                | std::io::ErrorKind::UnexpectedEof
        ),
        _ => crate::error::code(error).is_some_and(|code| code.starts_with("57P")),
    }
}

/// The values of a statement, in the order of its marks.
pub(crate) struct Values(Result<PgArguments, StoreError>);

impl Values {
    fn with<'t, T: Encode<'t, Postgres> + Type<Postgres>>(mut self, value: T) -> Values {
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
        Values(Ok(PgArguments::default()))
    }

    fn number(self, number: i64) -> Values {
        self.with(number)
    }

    fn wide(self, number: u128) -> Values {
        self.with(Uuid::from_u128(number))
    }
}
