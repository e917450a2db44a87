//! Which replica publishes which partition of the feed, and what the store knows of the publishing.

use super::StoreError;
use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

/// Shares the partitions of the feed among the replicas that publish them.
///
/// A lease is for liveness alone: it keeps two replicas from fencing each other all the time. What
/// keeps events from being published twice is the fencing of [`EventPublisher`](super::EventPublisher).
///
/// Contract:
/// - Time is the store's own: a replica whose clock is wrong gets and loses leases as the others do.
/// - [`keep`](FeedLeases::keep) renews what is held and takes free or expired partitions, up to the
///   replica's fair share; nobody waits for a lease that somebody else is just taking. A replica that
///   holds more than its share is told so and keeps it until it releases it, in its own time.
/// - A partition that changes hands gets a higher epoch; whoever renews in time keeps theirs.
/// - What was published is durable, and only rises but for [`restart`](FeedLeases::restart).
#[async_trait]
pub trait FeedLeases: Send + Sync {
    /// The store's own id, made with it: another database has another one.
    async fn store_id(&self) -> Result<StoreId, StoreError>;

    /// Renews, takes, and tells what `owner` holds for the next `time`.
    async fn keep(&self, owner: ReplicaId, time: Duration) -> Result<Holding, StoreError>;

    /// Whether the lease is still `owner`'s, in the same epoch.
    async fn is_held(&self, owner: ReplicaId, lease: Lease) -> Result<bool, StoreError>;

    /// Gives these leases back; those that are no longer the owner's stay as they are.
    async fn release(&self, owner: ReplicaId, leases: &[Lease]) -> Result<(), StoreError>;

    /// Gives everything back: the replica leaves, and counts no more in the others' shares.
    async fn leave(&self, owner: ReplicaId) -> Result<(), StoreError>;

    /// What is known of every partition that ever had an event.
    async fn partitions(&self) -> Result<Vec<PartitionRecord>, StoreError>;

    /// Notes that the partition has been published up to `offset` at least; from then on it counts as
    /// published. Changes nothing where more is known already, or the lease is no longer held.
    async fn published(
        &self,
        owner: ReplicaId,
        lease: Lease,
        offset: u64,
    ) -> Result<(), StoreError>;

    /// The operator's way out of a halt: the partition counts as published up to exactly `offset`, and
    /// whoever holds it has to take it over anew, in a higher epoch.
    async fn restart(&self, partition: u16, offset: u64) -> Result<(), StoreError>;
}

/// A store's id: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(pub u128);

/// A replica's id, new at each start: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(pub u128);

/// A partition that a replica may publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// Which.
    pub partition: u16,
    /// Rises whenever the partition changes hands.
    pub epoch: u64,
}

/// What a replica holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its leases, by partition.
    pub leases: Vec<Lease>,
    /// How many of them others are waiting for.
    pub surplus: usize,
}

/// What the store knows of the publishing of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    /// Which.
    pub partition: u16,
    /// Who holds it now.
    pub owner: Option<ReplicaId>,
    /// Its newest epoch.
    pub epoch: u64,
    /// Up to where it is known to have been published; `None`: never.
    pub published: Option<u64>,
}

impl Holding {
    /// The rule of fair shares: how many partitions `me` may take, and how many it should give up.
    ///
    /// Everybody may have `partitions / replicas`, rounded down, and one more as long as nobody has less.
    /// So a replica that joins gets its share, and nothing moves without need. `held` tells how many
    /// partitions each live replica has, `me` among them.
    pub fn share(partitions: usize, held: &[(ReplicaId, usize)], me: ReplicaId) -> (usize, usize) {
        let replicas = held.len().max(1);
        let (floor, rest) = (partitions / replicas, partitions % replicas);
        let most = floor + usize::from(rest > 0);
        let mine = held.iter().find(|(owner, _)| *owner == me);
        let mine = mine.map_or(0, |(_, count)| *count);
        let others = held.iter().filter(|(owner, _)| *owner != me);
        let starving = others.clone().any(|(_, count)| *count < floor);
        let allowed = if starving { floor } else { most };
        (allowed.saturating_sub(mine), mine.saturating_sub(allowed))
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_u128(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_u128(self.0).hyphenated().fmt(f)
    }
}

/// The text is no UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID")]
pub struct InvalidStoreId;

impl std::str::FromStr for StoreId {
    type Err = InvalidStoreId;

    fn from_str(text: &str) -> Result<StoreId, InvalidStoreId> {
        uuid::Uuid::try_parse(text)
            .map(|id| StoreId(id.as_u128()))
            .map_err(|_| InvalidStoreId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(counts: &[usize]) -> Vec<(ReplicaId, usize)> {
        (0..).map(ReplicaId).zip(counts.iter().copied()).collect()
    }

    #[test]
    fn shares_end_fair_and_then_nothing_moves() {
        for partitions in 0..9_usize {
            for replicas in 1..6_usize {
                // The worst start: one has everything.
                let mut counts = vec![0; replicas];
                counts[0] = partitions;
                for _ in 0..20 {
                    for me in 0..replicas {
                        let id = ReplicaId(me as u128);
                        let (_, surplus) = Holding::share(partitions, &held(&counts), id);
                        counts[me] -= surplus;
                        let free = partitions - counts.iter().sum::<usize>();
                        let (more, _) = Holding::share(partitions, &held(&counts), id);
                        counts[me] += more.min(free);
                    }
                }
                assert_eq!(counts.iter().sum::<usize>(), partitions, "{counts:?}");
                let (least, most) = (counts.iter().min(), counts.iter().max());
                assert!(most.unwrap() - least.unwrap() <= 1, "{counts:?}");
                for me in 0..replicas {
                    let (_, surplus) =
                        Holding::share(partitions, &held(&counts), ReplicaId(me as u128));
                    assert_eq!(surplus, 0, "{counts:?}");
                }
            }
        }
    }

    #[test]
    fn a_lone_partition_stays_where_it_is() {
        assert_eq!(Holding::share(1, &held(&[1, 0]), ReplicaId(0)), (0, 0));
        assert_eq!(Holding::share(1, &held(&[0, 1]), ReplicaId(0)), (1, 0));
    }
}
