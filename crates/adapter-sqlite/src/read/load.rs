//! Orders by id, coalesced: what waits is one statement. A caller still gets a fresh order, at nearly
//! the price of a cached one.

use crate::commit::wide;
use crate::config::Config;
use crate::connect;
use crate::error::{store_error, unreadable};
use group_commit::{Flush, FlushError};
use order_core::domain::OrderId;
use order_core::ports::StoreError;
use order_proto::storage::decode_order;
use order_store::{Loaded, Loads};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Row};
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

impl Loader {
    pub(crate) fn new(config: Arc<Config>) -> Loader {
        Loader {
            config,
            connection: None,
        }
    }

    async fn load(&mut self, ids: &[OrderId]) -> sqlx::Result<Vec<Loaded>> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect::reader(&self.config).connect().await?),
        };
        let mut blob: Vec<u8> = Vec::with_capacity(ids.len() * 16);
        let mut loads = Loads::of(ids, |id| blob.extend_from_slice(&id.to_bytes()));
        for row in sqlx::query(LOAD).bind(blob).fetch_all(connection).await? {
            let id = OrderId::from_u128(wide(&row, 0)?);
            let order = decode_order(row.try_get_unchecked(1)?);
            let unreadable = |error| unreadable(&self.config.path, &format!("order {id}"), &error);
            loads.found(id, order.map(Arc::new).map_err(unreadable));
        }
        Ok(loads.answers())
    }
}

impl Flush for Loader {
    type Item = OrderId;
    type Output = Loaded;
    type Error = StoreError;

    async fn flush(&mut self, batch: &[OrderId]) -> Result<Vec<Loaded>, FlushError<StoreError>> {
        self.load(batch).await.map_err(|error| {
            self.connection = None;
            FlushError::Failed(store_error(&self.config.path, "read", &error))
        })
    }

    fn after_panic(&mut self) {
        self.connection = None;
    }
}
