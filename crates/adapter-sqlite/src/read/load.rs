//! Orders by id and by their callers' numbers, coalesced: ids that wait are one statement. A caller still
//! gets a fresh order, at nearly the price of a cached one.

use crate::commit::wide;
use crate::config::Config;
use crate::connect;
use crate::error::{store_error, unreadable};
use group_commit::{Flush, FlushError};
use order_core::domain::{Order, OrderId, OrderRef};
use order_core::ports::StoreError;
use order_proto::storage::decode_order;
use order_store::{Loaded, Loads};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions, Row};
use std::fmt::Display;
use std::sync::Arc;

/// One loading connection. What it is asked for is read in a transaction that begins afterwards, so
/// a load sees every commit that was answered before it was called.
pub(crate) struct Loader {
    config: Arc<Config>,
    /// Opened for the first load, and again after a failure.
    connection: Option<SqliteConnection>,
}

/// Ids come as one blob of 16 bytes each, so that the text is the same for every number of them.
pub(crate) const LOAD: &str = "WITH RECURSIVE ids(at) AS ( \
    SELECT 1 UNION ALL SELECT at + 16 FROM ids WHERE at + 16 < length(?1)) \
    SELECT o.order_id, e.snapshot FROM ids \
    CROSS JOIN orders o ON o.order_id = substr(?1, at, 16) \
    CROSS JOIN order_events e ON e.position = o.position";

/// One at a time: there is no way to the database that could be saved.
pub(crate) const LOAD_EXTERNAL: &str = "SELECT o.order_id, e.snapshot FROM orders o \
    CROSS JOIN order_events e ON e.position = o.position WHERE o.external_id = ?1";

impl Loader {
    pub(crate) fn new(config: Arc<Config>) -> Loader {
        Loader {
            config,
            connection: None,
        }
    }

    async fn load(&mut self, wanted: &[OrderRef]) -> sqlx::Result<Vec<Loaded>> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect::reader(&self.config).connect().await?),
        };
        let mut ids: Vec<u8> = Vec::with_capacity(wanted.len() * 16);
        let mut externals: Vec<&str> = Vec::new();
        let mut loads = Loads::of(wanted, |one| match one {
            OrderRef::Id(id) => ids.extend_from_slice(&id.to_bytes()),
            OrderRef::External(external) => externals.push(external),
        });
        if !ids.is_empty() {
            let rows = sqlx::query(LOAD).bind(ids).fetch_all(&mut *connection);
            for row in rows.await? {
                let id = OrderId::from_u128(wide(&row, 0)?);
                loads.found(id, order(&self.config, &row, &id)?);
            }
        }
        for external in externals {
            let row = sqlx::query(LOAD_EXTERNAL).bind(external);
            if let Some(row) = row.fetch_optional(&mut *connection).await? {
                loads.found_external(external, order(&self.config, &row, &external)?);
            }
        }
        Ok(loads.answers())
    }
}

fn order(
    config: &Config,
    row: &SqliteRow,
    name: &dyn Display,
) -> sqlx::Result<Result<Arc<Order>, StoreError>> {
    let order = decode_order(row.try_get_unchecked(1)?);
    let unreadable = |error| unreadable(&config.path, &format!("order {name}"), &error);
    Ok(order.map(Arc::new).map_err(unreadable))
}

impl Flush for Loader {
    type Item = OrderRef;
    type Output = Loaded;
    type Error = StoreError;
    const NAME: &'static str = "load";

    async fn flush(&mut self, batch: &[OrderRef]) -> Result<Vec<Loaded>, FlushError<StoreError>> {
        self.load(batch).await.map_err(|error| {
            self.connection = None;
            FlushError::Failed(store_error(&self.config.path, "read", &error))
        })
    }

    fn after_panic(&mut self) {
        self.connection = None;
    }
}
