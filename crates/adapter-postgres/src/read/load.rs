//! Orders by id and by their callers' numbers, coalesced: what waits is one statement of each kind. A
//! caller still gets a fresh order, at nearly the price of a cached one.

use crate::commit::{Session, wide};
use crate::connect::Connector;
use crate::error::{Kind, kind, store_error, unreadable};
use group_commit::{Flush, FlushError};
use order_core::domain::{Order, OrderId, OrderRef};
use order_core::ports::StoreError;
use order_proto::storage::decode_order;
use order_store::{Loaded, Loads};
use sqlx::postgres::{PgConnection, PgRow, Postgres};
use sqlx::{Encode, Row, Type};
use std::fmt::Display;
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

/// By the caller's number: one descent more.
pub(crate) const LOAD_EXTERNAL: &str = "SELECT o.external_id, e.snapshot FROM unnest($1::text[]) k(id) \
    CROSS JOIN LATERAL (SELECT order_id, external_id FROM orders o WHERE o.external_id = k.id LIMIT 1) o \
    CROSS JOIN LATERAL (SELECT snapshot FROM order_events e WHERE e.order_id = o.order_id \
    ORDER BY e.version DESC LIMIT 1) e";

impl Loader {
    pub(crate) fn new(connector: Arc<Connector>) -> Loader {
        Loader {
            session: Session::new(Arc::clone(&connector), None),
            connector,
        }
    }

    async fn load(&mut self, wanted: &[OrderRef]) -> sqlx::Result<Vec<Loaded>> {
        let mut ids: Vec<Uuid> = Vec::with_capacity(wanted.len());
        let mut externals: Vec<&str> = Vec::new();
        let mut loads = Loads::of(wanted, |one| match one {
            OrderRef::Id(id) => ids.push(Uuid::from_u128(id.as_u128())),
            OrderRef::External(external) => externals.push(external),
        });
        if !ids.is_empty() {
            for row in self.rows(LOAD, &ids).await? {
                let id = OrderId::from_u128(wide(&row, 0)?);
                loads.found(id, self.order(&row, &id)?);
            }
        }
        if !externals.is_empty() {
            for row in self.rows(LOAD_EXTERNAL, &externals).await? {
                let external: &str = row.try_get_unchecked(0)?;
                loads.found_external(external, self.order(&row, &external)?);
            }
        }
        Ok(loads.answers())
    }

    fn order(
        &self,
        row: &PgRow,
        name: &dyn Display,
    ) -> sqlx::Result<Result<Arc<Order>, StoreError>> {
        let order = decode_order(row.try_get_unchecked(1)?);
        let unreadable = |error| unreadable(&self.connector.name, &format!("order {name}"), &error);
        Ok(order.map(Arc::new).map_err(unreadable))
    }

    async fn rows<'k, K>(&mut self, sql: &'static str, keys: &'k [K]) -> sqlx::Result<Vec<PgRow>>
    where
        K: Sync,
        &'k [K]: Encode<'k, Postgres> + Type<Postgres>,
    {
        let limit = self.connector.config.read_timeout;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let was_open = self.session.is_open();
            let read = async |session: &mut PgConnection| {
                sqlx::query(sql).bind(keys).fetch_all(session).await
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
    type Item = OrderRef;
    type Output = Loaded;
    type Error = StoreError;
    const NAME: &'static str = "load";

    async fn flush(&mut self, batch: &[OrderRef]) -> Result<Vec<Loaded>, FlushError<StoreError>> {
        self.load(batch)
            .await
            .map_err(|error| FlushError::Failed(store_error(&self.connector.name, "read", &error)))
    }

    fn after_panic(&mut self) {
        self.session.give_up();
    }
}
