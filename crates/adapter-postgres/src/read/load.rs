//! Orders by id, coalesced: what waits is one statement. A caller still gets a fresh order, at nearly
//! the price of a cached one.

use crate::commit::{Session, wide};
use crate::connect::Connector;
use crate::error::{Kind, kind, store_error, unreadable};
use group_commit::{Flush, FlushError};
use order_core::domain::OrderId;
use order_core::ports::StoreError;
use order_proto::storage::decode_order;
use order_store::{Loaded, Loads};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use std::sync::Arc;
use uuid::Uuid;

/// How often a load whose session broke is tried on a new one: reading twice changes nothing.
const MAX_ATTEMPTS: u32 = 2;

/// One loading session. What it is asked for is read in a statement that begins afterwards, so a load
/// sees every commit that was answered before it was called.
pub(crate) struct Loader {
    connector: Arc<Connector>,
    session: Session,
}

/// The newest event of an order has it: one descent of one index an order.
pub(crate) const LOAD: &str = "SELECT e.order_id, e.snapshot FROM unnest($1::uuid[]) k(id) \
    CROSS JOIN LATERAL (SELECT order_id, snapshot FROM order_events e WHERE e.order_id = k.id \
    ORDER BY e.version DESC LIMIT 1) e";

impl Loader {
    pub(crate) fn new(connector: Arc<Connector>) -> Loader {
        Loader {
            session: Session::new(Arc::clone(&connector), None),
            connector,
        }
    }

    async fn load(&mut self, ids: &[OrderId]) -> sqlx::Result<Vec<Loaded>> {
        let mut keys: Vec<Uuid> = Vec::with_capacity(ids.len());
        let mut loads = Loads::of(ids, |id| keys.push(Uuid::from_u128(id.as_u128())));
        for row in self.rows(&keys).await? {
            let id = OrderId::from_u128(wide(&row, 0)?);
            let order = decode_order(row.try_get_unchecked(1)?);
            let unreadable =
                |error| unreadable(&self.connector.name, &format!("order {id}"), &error);
            loads.found(id, order.map(Arc::new).map_err(unreadable));
        }
        Ok(loads.answers())
    }

    async fn rows(&mut self, keys: &[Uuid]) -> sqlx::Result<Vec<PgRow>> {
        let limit = self.connector.config.read_timeout;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let was_open = self.session.is_open();
            let read = async |session: &mut PgConnection| {
                sqlx::query(LOAD).bind(keys).fetch_all(session).await
            };
            match self.session.within(limit, read).await {
                Err(error) if kind(&error) == Kind::Lost => {
                    self.session.give_up();
                    if !was_open || attempts >= MAX_ATTEMPTS {
                        return Err(error);
                    }
                }
                other => return other,
            }
        }
    }
}

impl Flush for Loader {
    type Item = OrderId;
    type Output = Loaded;
    type Error = StoreError;

    async fn flush(&mut self, batch: &[OrderId]) -> Result<Vec<Loaded>, FlushError<StoreError>> {
        self.load(batch)
            .await
            .map_err(|error| FlushError::Failed(store_error(&self.connector.name, "read", &error)))
    }

    fn after_panic(&mut self) {
        self.session.give_up();
    }
}
