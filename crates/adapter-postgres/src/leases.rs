//! Leases of the feed's partitions, by the server's clock. See `read/leases.rs` for the statements.

use crate::store::PostgresStore;
use async_trait::async_trait;
use order_core::ports::{
    FeedLeases, Holding, Lease, PartitionRecord, ReplicaId, StoreError, StoreId,
};
use order_store::reads;
use std::time::Duration;

#[async_trait]
impl FeedLeases for PostgresStore {
    async fn store_id(&self) -> Result<StoreId, StoreError> {
        reads::store_id(&self.reader).await
    }

    async fn keep(&self, owner: ReplicaId, time: Duration) -> Result<Holding, StoreError> {
        self.reader.keep(owner, time).await
    }

    async fn is_held(&self, owner: ReplicaId, lease: Lease) -> Result<bool, StoreError> {
        self.reader.is_held(owner, lease).await
    }

    async fn release(&self, owner: ReplicaId, leases: &[Lease]) -> Result<(), StoreError> {
        self.reader.release(owner, leases).await
    }

    async fn leave(&self, owner: ReplicaId) -> Result<(), StoreError> {
        self.reader.leave(owner).await
    }

    async fn partitions(&self) -> Result<Vec<PartitionRecord>, StoreError> {
        self.reader.records().await
    }

    async fn published(
        &self,
        owner: ReplicaId,
        lease: Lease,
        offset: u64,
    ) -> Result<(), StoreError> {
        self.reader.published(owner, lease, offset).await
    }

    async fn restart(&self, partition: u16, offset: u64) -> Result<(), StoreError> {
        self.reader.restart(partition, offset).await
    }
}
