//! Single facts about keys, deadlines and the parking.

use super::{Reader, Values};
use crate::commit::fact_digest;
use order_core::domain::{FactKey, Fingerprint, IdempotencyKey, OrderId, Timestamp};
use order_core::ports::{ParkedFact, StoreError, StoredFact, StoredRequest};
use order_proto::storage::decode_parked_fact;
use sqlx::sqlite::SqliteRow;

pub(crate) const EXTERNAL: &str = "SELECT order_id FROM orders WHERE external_id = ?1";
pub(crate) const REQUEST: &str =
    "SELECT fingerprint, order_id, version FROM requests WHERE key = ?1";
pub(crate) const FACT: &str =
    "SELECT fingerprint, order_id IS NOT NULL, order_id, version FROM facts WHERE key = ?1";
pub(crate) const DUE: &str = "SELECT order_id FROM orders \
    WHERE deadline IS NOT NULL AND deadline <= ?1 ORDER BY deadline, order_id LIMIT ?2";
pub(crate) const PARKED_READY: &str = "SELECT known_order_id, content FROM parked_facts \
    WHERE known_order_id IS NOT NULL ORDER BY parked_at, seq LIMIT ?1";
pub(crate) const PARKED_FOR: &str = "SELECT known_order_id, content FROM parked_facts \
    WHERE known_order_id = ?1 ORDER BY parked_at, seq LIMIT ?2";

impl Reader {
    pub(crate) async fn find_external(
        &self,
        external_id: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        let rows = self.rows(EXTERNAL, Values::new().with(external_id)).await?;
        rows.first().map(|row| self.order_id(row, 0)).transpose()
    }

    pub(crate) async fn find_request(
        &self,
        key: IdempotencyKey,
    ) -> Result<Option<StoredRequest>, StoreError> {
        let rows = self
            .rows(REQUEST, Values::new().with(key.0.to_be_bytes().as_slice()))
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(StoredRequest {
            fingerprint: Fingerprint(self.wide(row, 0)?),
            order_id: self.order_id(row, 1)?,
            version: self.unsigned(row, 2)?,
        }))
    }

    pub(crate) async fn find_fact(&self, key: &FactKey) -> Result<Option<StoredFact>, StoreError> {
        let digest = fact_digest(key).to_be_bytes();
        let rows = self
            .rows(FACT, Values::new().with(digest.as_slice()))
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let fingerprint = Fingerprint(self.wide(row, 0)?);
        let recorded: bool = self.value(row, 1)?;
        let order = if recorded {
            Some((self.order_id(row, 2)?, self.unsigned(row, 3)?))
        } else {
            None
        };
        Ok(Some(StoredFact { order, fingerprint }))
    }

    pub(crate) async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let rows = self
            .rows(DUE, Values::new().with(now.millis()).limit(limit))
            .await?;
        rows.iter().map(|row| self.order_id(row, 0)).collect()
    }

    pub(crate) async fn parked_ready(
        &self,
        limit: usize,
    ) -> Result<Vec<(OrderId, ParkedFact)>, StoreError> {
        let rows = self.rows(PARKED_READY, Values::new().limit(limit)).await?;
        rows.iter()
            .map(|row| Ok((self.order_id(row, 0)?, self.parked(row)?)))
            .collect()
    }

    pub(crate) async fn parked_for(
        &self,
        order_id: OrderId,
        limit: usize,
    ) -> Result<Vec<ParkedFact>, StoreError> {
        let rows = self
            .rows(PARKED_FOR, Values::new().id(order_id).limit(limit))
            .await?;
        rows.iter().map(|row| self.parked(row)).collect()
    }

    fn parked(&self, row: &SqliteRow) -> Result<ParkedFact, StoreError> {
        let parked = decode_parked_fact(self.value(row, 1)?);
        parked.map_err(|error| self.unreadable("a parked fact", &error))
    }
}
