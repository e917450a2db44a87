//! Leases of the feed's partitions: the one process that has the file open holds them all. What was
//! published is kept in the file.

use crate::connect;
use crate::error::store_error;
use crate::store::SqliteStore;
use async_trait::async_trait;
use order_core::ports::{
    FeedLeases, Holding, Lease, PartitionRecord, ReplicaId, StoreError, StoreId,
};
use order_store::position::partitions;
use order_store::reads;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnection;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The epoch of a partition that no operator has restarted.
const FIRST_EPOCH: u64 = 1;

const PUBLISHED: &str = "INSERT INTO feed_published (partition, epoch, published) VALUES (?1, ?2, ?3) \
    ON CONFLICT (partition) DO UPDATE SET published = excluded.published \
    WHERE epoch = excluded.epoch AND coalesce(published, -1) < excluded.published";
const RESTART: &str = "INSERT INTO feed_published (partition, epoch, published) VALUES (?1, ?2, ?3) \
    ON CONFLICT (partition) DO UPDATE SET epoch = epoch + 1, published = excluded.published";

/// Who publishes, and by which connection it takes notes: the writer is the batches' alone.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    owner: Mutex<Option<ReplicaId>>,
    connection: tokio::sync::Mutex<Option<SqliteConnection>>,
}

impl Notes {
    fn owner(&self) -> Option<ReplicaId> {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_owner(&self, owner: Option<ReplicaId>) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = owner;
    }

    /// Ends the connection, before the writer's own ends.
    pub(crate) async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take() {
            // Whether it ends in order changes nothing: each note was a transaction of its own.
            _ = sqlx::Connection::close(connection).await;
        }
    }
}

impl SqliteStore {
    /// One small row, in a transaction of its own.
    async fn note(
        &self,
        sql: &'static str,
        partition: u16,
        epoch: u64,
        offset: u64,
    ) -> Result<(), StoreError> {
        let config = &self.shared.config;
        let failed = |error| store_error(&config.path, "written", &error);
        let mut connection = self.notes.connection.lock().await;
        let open = match connection.take() {
            Some(open) => open,
            None => connect::writer(config).connect().await.map_err(failed)?,
        };
        let open = connection.insert(open);
        let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let noted = sqlx::query(sql)
            .bind(i64::from(partition))
            .bind(signed(epoch))
            .bind(signed(offset))
            .execute(open)
            .await;
        if let Err(error) = noted {
            *connection = None;
            return Err(failed(error));
        }
        Ok(())
    }

    async fn record(&self, partition: u16) -> Result<Option<PartitionRecord>, StoreError> {
        let records = self.partitions().await?;
        Ok(records
            .into_iter()
            .find(|known| known.partition == partition))
    }
}

#[async_trait]
impl FeedLeases for SqliteStore {
    async fn store_id(&self) -> Result<StoreId, StoreError> {
        reads::store_id(&self.reader).await
    }

    async fn keep(&self, owner: ReplicaId, _time: Duration) -> Result<Holding, StoreError> {
        self.notes.set_owner(Some(owner));
        let known = self.partitions().await?.into_iter();
        let leases = known.map(|known| Lease {
            partition: known.partition,
            epoch: known.epoch,
        });
        Ok(Holding {
            leases: leases.collect(),
            surplus: 0,
        })
    }

    async fn is_held(&self, owner: ReplicaId, lease: Lease) -> Result<bool, StoreError> {
        let record = self.record(lease.partition).await?;
        let held =
            |record: PartitionRecord| record.epoch == lease.epoch && record.owner == Some(owner);
        Ok(record.is_some_and(held))
    }

    async fn release(&self, _owner: ReplicaId, _leases: &[Lease]) -> Result<(), StoreError> {
        // Nobody else could have them.
        Ok(())
    }

    async fn leave(&self, owner: ReplicaId) -> Result<(), StoreError> {
        if self.notes.owner() == Some(owner) {
            self.notes.set_owner(None);
        }
        Ok(())
    }

    async fn partitions(&self) -> Result<Vec<PartitionRecord>, StoreError> {
        let head = self.reader.heads().await?;
        let notes = self.reader.notes().await?;
        let owner = self.notes.owner();
        let record = |partition| {
            let known = notes.iter().find(|note| note.partition == partition);
            PartitionRecord {
                partition,
                owner,
                epoch: known.map_or(FIRST_EPOCH, |note| note.epoch),
                published: known.and_then(|note| note.published),
            }
        };
        let used = partitions(&head).filter(|partition| head.offset(*partition) > 0);
        Ok(used.map(record).collect())
    }

    async fn published(
        &self,
        owner: ReplicaId,
        lease: Lease,
        offset: u64,
    ) -> Result<(), StoreError> {
        if self.notes.owner() == Some(owner) {
            self.note(PUBLISHED, lease.partition, lease.epoch, offset)
                .await?;
        }
        Ok(())
    }

    async fn restart(&self, partition: u16, offset: u64) -> Result<(), StoreError> {
        self.note(RESTART, partition, FIRST_EPOCH + 1, offset).await
    }
}
