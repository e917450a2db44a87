//! Leases in memory: the table behind [`FeedLeases`] of a [`MemoryStore`].

use super::memory_feed::head;
use super::{MemoryStore, locked};
use async_trait::async_trait;
use order_core::ports::{
    FeedLeases, Holding, Lease, PartitionRecord, ReplicaId, StoreError, StoreId,
};
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Debug)]
pub(super) struct Leases {
    id: StoreId,
    rows: BTreeMap<u16, Row>,
    /// Until when each replica counts as alive.
    replicas: BTreeMap<ReplicaId, Instant>,
}

#[derive(Clone, Debug, Default)]
struct Row {
    owner: Option<(ReplicaId, Instant)>,
    epoch: u64,
    published: Option<u64>,
}

impl Default for Leases {
    fn default() -> Leases {
        Leases {
            id: StoreId(u128::from(RandomState::new().hash_one(0))),
            rows: BTreeMap::new(),
            replicas: BTreeMap::new(),
        }
    }
}

impl Row {
    fn owner(&self) -> Option<ReplicaId> {
        let live = self.owner.filter(|(_, until)| *until > Instant::now());
        live.map(|(owner, _)| owner)
    }
}

impl Leases {
    fn held(&self, owner: ReplicaId, lease: Lease) -> bool {
        let row = self.rows.get(&lease.partition);
        row.is_some_and(|row| row.epoch == lease.epoch && row.owner() == Some(owner))
    }

    fn keep(&mut self, owner: ReplicaId, until: Instant) -> Holding {
        let now = Instant::now();
        self.replicas.insert(owner, until);
        self.replicas.retain(|_, until| *until > now);
        let mut held: Vec<(ReplicaId, usize)> =
            self.replicas.keys().map(|replica| (*replica, 0)).collect();
        for holder in self.rows.values().filter_map(Row::owner) {
            for (_, count) in held.iter_mut().filter(|(replica, _)| *replica == holder) {
                *count += 1;
            }
        }
        let (mut more, surplus) = Holding::share(self.rows.len(), &held, owner);
        let mut holding = Holding {
            surplus,
            ..Holding::default()
        };
        for (&partition, row) in &mut self.rows {
            match row.owner() {
                Some(holder) if holder == owner => {}
                None if more > 0 => {
                    more -= 1;
                    row.epoch += 1;
                }
                _ => continue,
            }
            row.owner = Some((owner, until));
            let epoch = row.epoch;
            holding.leases.push(Lease { partition, epoch });
        }
        holding
    }
}

#[async_trait]
impl FeedLeases for MemoryStore {
    async fn store_id(&self) -> Result<StoreId, StoreError> {
        drop(self.state()?);
        Ok(locked(&self.0.leases).id)
    }

    async fn keep(&self, owner: ReplicaId, time: Duration) -> Result<Holding, StoreError> {
        let head = head(&*self.state()?);
        let mut leases = locked(&self.0.leases);
        for partition in 0..u16::try_from(head.partitions()).unwrap_or(u16::MAX) {
            if head.offset(partition) > 0 {
                leases.rows.entry(partition).or_default();
            }
        }
        Ok(leases.keep(owner, Instant::now() + time))
    }

    async fn is_held(&self, owner: ReplicaId, lease: Lease) -> Result<bool, StoreError> {
        drop(self.state()?);
        Ok(locked(&self.0.leases).held(owner, lease))
    }

    async fn release(&self, owner: ReplicaId, released: &[Lease]) -> Result<(), StoreError> {
        drop(self.state()?);
        let mut leases = locked(&self.0.leases);
        for lease in released {
            if leases.held(owner, *lease)
                && let Some(row) = leases.rows.get_mut(&lease.partition)
            {
                row.owner = None;
            }
        }
        Ok(())
    }

    async fn leave(&self, owner: ReplicaId) -> Result<(), StoreError> {
        drop(self.state()?);
        let mut leases = locked(&self.0.leases);
        leases.replicas.remove(&owner);
        for row in leases.rows.values_mut() {
            row.owner = row.owner.filter(|(holder, _)| *holder != owner);
        }
        Ok(())
    }

    async fn partitions(&self) -> Result<Vec<PartitionRecord>, StoreError> {
        drop(self.state()?);
        let leases = locked(&self.0.leases);
        let record = |(&partition, row): (&u16, &Row)| PartitionRecord {
            partition,
            owner: row.owner(),
            epoch: row.epoch,
            published: row.published,
        };
        Ok(leases.rows.iter().map(record).collect())
    }

    async fn published(
        &self,
        owner: ReplicaId,
        lease: Lease,
        offset: u64,
    ) -> Result<(), StoreError> {
        drop(self.state()?);
        let mut leases = locked(&self.0.leases);
        if leases.held(owner, lease)
            && let Some(row) = leases.rows.get_mut(&lease.partition)
        {
            row.published = row.published.max(Some(offset));
        }
        Ok(())
    }

    async fn restart(&self, partition: u16, offset: u64) -> Result<(), StoreError> {
        drop(self.state()?);
        let mut leases = locked(&self.0.leases);
        let row = leases.rows.entry(partition).or_default();
        row.owner = None;
        row.epoch += 1;
        row.published = Some(offset);
        Ok(())
    }
}
