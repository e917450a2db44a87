//! Leases of the feed's partitions: a few rows, written by the sessions that otherwise read, so that a
//! lease never waits for a batch of orders.

use super::{Reader, Values};
use order_core::ports::{Holding, Lease, PartitionRecord, ReplicaId, StoreError};
use order_store::Columns;
use order_store::reads::Values as _;
use sqlx::postgres::PgRow;
use std::time::Duration;
use uuid::Uuid;

/// Tells that the replica lives, and gives partitions that are new a row.
pub(crate) const APPEAR: &str = "WITH new AS ( \
        INSERT INTO feed_leases (partition) SELECT partition FROM feed WHERE last > 0 \
        ON CONFLICT (partition) DO NOTHING), \
    gone AS (DELETE FROM feed_replicas WHERE owner <> $1 AND expires_at < clock_timestamp()) \
    INSERT INTO feed_replicas VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond') \
    ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at";
/// Live replicas, and how many partitions each has.
pub(crate) const REPLICAS: &str = "SELECT r.owner, (SELECT count(*) FROM feed_leases l \
        WHERE l.owner = r.owner AND l.expires_at > clock_timestamp()) \
    FROM feed_replicas r WHERE r.expires_at > clock_timestamp()";
pub(crate) const PARTITIONS: &str = "SELECT partition, epoch, \
    CASE WHEN expires_at > clock_timestamp() THEN owner END, published \
    FROM feed_leases ORDER BY partition";
/// One that has expired and that nobody has taken is still its owner's.
pub(crate) const RENEW: &str = "UPDATE feed_leases \
    SET expires_at = clock_timestamp() + $2 * interval '1 millisecond' \
    WHERE owner = $1 RETURNING partition, epoch";
pub(crate) const TAKE: &str = "WITH free AS (SELECT partition FROM feed_leases \
        WHERE expires_at <= clock_timestamp() OR owner IS NULL \
        ORDER BY partition LIMIT $3 FOR UPDATE SKIP LOCKED) \
    UPDATE feed_leases l SET owner = $1, epoch = epoch + 1, \
        expires_at = clock_timestamp() + $2 * interval '1 millisecond' \
    FROM free WHERE l.partition = free.partition RETURNING l.partition, l.epoch";
pub(crate) const HELD: &str = "SELECT 1 FROM feed_leases WHERE owner = $1 AND partition = $2 \
    AND epoch = $3 AND expires_at > clock_timestamp()";
pub(crate) const RELEASE: &str = "UPDATE feed_leases SET owner = NULL, expires_at = '-infinity' \
    WHERE owner = $1 AND partition = $2 AND epoch = $3";
pub(crate) const LEAVE: &str = "WITH gone AS (DELETE FROM feed_replicas WHERE owner = $1) \
    UPDATE feed_leases SET owner = NULL, expires_at = '-infinity' WHERE owner = $1";
pub(crate) const PUBLISHED: &str = "UPDATE feed_leases SET published = $4 \
    WHERE owner = $1 AND partition = $2 AND epoch = $3 AND expires_at > clock_timestamp() \
    AND coalesce(published, -1) < $4";
pub(crate) const RESTART: &str = "INSERT INTO feed_leases (partition, epoch, published) \
    VALUES ($1, 1, $2) ON CONFLICT (partition) DO UPDATE SET owner = NULL, \
    epoch = feed_leases.epoch + 1, expires_at = '-infinity', published = excluded.published";

impl Reader {
    /// Renews and takes: see the port.
    pub(crate) async fn keep(
        &self,
        owner: ReplicaId,
        time: Duration,
    ) -> Result<Holding, StoreError> {
        let timed = || {
            let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            Values::new().wide(owner.0).number(millis)
        };
        self.rows(APPEAR, timed()).await?;
        let mut leases = self.leases(RENEW, timed()).await?;
        let rows = self.rows(REPLICAS, Values::new()).await?;
        let replica = |reader: &Reader, row: &PgRow| {
            let held = usize::try_from(reader.number(row, 1)?).unwrap_or(0);
            Ok((ReplicaId(reader.wide(row, 0)?), held))
        };
        let held = self.all(&rows, replica)?;
        let partitions = self.records().await?.len();
        let (more, surplus) = Holding::share(partitions, &held, owner);
        if more > 0 {
            leases.append(&mut self.leases(TAKE, timed().limit(more)).await?);
        }
        leases.sort_unstable();
        Ok(Holding { leases, surplus })
    }

    pub(crate) async fn is_held(&self, owner: ReplicaId, lease: Lease) -> Result<bool, StoreError> {
        let rows = self.rows(HELD, Values::of(owner, lease)).await?;
        Ok(!rows.is_empty())
    }

    pub(crate) async fn release(
        &self,
        owner: ReplicaId,
        leases: &[Lease],
    ) -> Result<(), StoreError> {
        for lease in leases {
            self.rows(RELEASE, Values::of(owner, *lease)).await?;
        }
        Ok(())
    }

    pub(crate) async fn leave(&self, owner: ReplicaId) -> Result<(), StoreError> {
        let values = Values::new().wide(owner.0);
        self.rows(LEAVE, values).await.map(drop)
    }

    pub(crate) async fn records(&self) -> Result<Vec<PartitionRecord>, StoreError> {
        let rows = self.rows(PARTITIONS, Values::new()).await?;
        self.all(&rows, |reader, row| {
            let owner: Option<Uuid> = reader.value(row, 2)?;
            let published: Option<i64> = reader.value(row, 3)?;
            Ok(PartitionRecord {
                partition: reader.partition_of(row)?,
                epoch: reader.unsigned(row, 1)?,
                owner: owner.map(|owner| ReplicaId(owner.as_u128())),
                published: published.and_then(|offset| u64::try_from(offset).ok()),
            })
        })
    }

    pub(crate) async fn published(
        &self,
        owner: ReplicaId,
        lease: Lease,
        offset: u64,
    ) -> Result<(), StoreError> {
        let values = Values::of(owner, lease).number(signed(offset));
        self.rows(PUBLISHED, values).await.map(drop)
    }

    pub(crate) async fn restart(&self, partition: u16, offset: u64) -> Result<(), StoreError> {
        let values = Values::new()
            .number(i64::from(partition))
            .number(signed(offset));
        self.rows(RESTART, values).await.map(drop)
    }

    async fn leases(&self, sql: &'static str, values: Values) -> Result<Vec<Lease>, StoreError> {
        let rows = self.rows(sql, values).await?;
        self.all(&rows, |reader, row| {
            Ok(Lease {
                partition: reader.partition_of(row)?,
                epoch: reader.unsigned(row, 1)?,
            })
        })
    }

    fn partition_of(&self, row: &PgRow) -> Result<u16, StoreError> {
        let partition: i16 = self.value(row, 0)?;
        u16::try_from(partition).map_err(|error| self.unreadable("a lease", &error))
    }
}

impl Values {
    fn of(owner: ReplicaId, lease: Lease) -> Values {
        let values = Values::new().wide(owner.0);
        values
            .number(i64::from(lease.partition))
            .number(signed(lease.epoch))
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
