//! The rules of [`FeedLeases`].

use crate::desk::done;
use crate::{Desk, new_order};
use order_core::ports::{FeedLeases, Holding, Lease, OrderStore, ReplicaId};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An empty store, and its leases as replicas see them.
#[derive(Clone)]
pub struct Leases {
    /// What makes partitions.
    pub store: Arc<dyn OrderStore>,
    /// What is under test.
    pub leases: Arc<dyn FeedLeases>,
}

/// Longer than any rule takes.
const LONG: Duration = Duration::from_mins(5);
/// A lease that is left to expire.
const SHORT: Duration = Duration::from_millis(400);
/// How long a condition may take to come true, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);

const A: ReplicaId = ReplicaId(0xA);
const B: ReplicaId = ReplicaId(0xB);

impl Leases {
    /// Gives these partitions an event each.
    async fn with(self, partitions: u16) -> Leases {
        let desk = Desk::new();
        for partition in 0..partitions {
            done(&*self.store, desk.place_in(partition, new_order())).await;
        }
        self
    }

    async fn keep(&self, owner: ReplicaId, time: Duration) -> Holding {
        self.leases.keep(owner, time).await.unwrap()
    }

    async fn held(&self, owner: ReplicaId, lease: Lease) -> bool {
        self.leases.is_held(owner, lease).await.unwrap()
    }

    async fn published(&self, partition: u16) -> Option<u64> {
        let records = self.leases.partitions().await.unwrap();
        let record = records.iter().find(|known| known.partition == partition);
        record.and_then(|record| record.published)
    }
}

fn partitions(holding: &Holding) -> Vec<u16> {
    holding.leases.iter().map(|lease| lease.partition).collect()
}

/// The id is the same at each look, and not zero.
pub async fn a_store_has_one_id(leases: Leases) {
    let id = leases.leases.store_id().await.unwrap();
    assert_ne!(id.0, 0);
    assert_eq!(leases.leases.store_id().await, Ok(id));
    assert_eq!(id.to_string().parse(), Ok(id));
}

/// A partition can be held as soon as it has an event; keeping it does not change its epoch.
pub async fn partitions_with_events_are_held(leases: Leases) {
    assert_eq!(partitions(&leases.keep(A, LONG).await), [] as [u16; 0]);
    let leases = leases.with(1).await;
    let first = leases.keep(A, LONG).await;
    assert_eq!((partitions(&first), first.surplus), (vec![0], 0));
    let lease = first.leases[0];
    assert!(leases.held(A, lease).await);
    let wrong = Lease {
        epoch: lease.epoch + 1,
        ..lease
    };
    assert!(!leases.held(A, wrong).await);
    assert!(!leases.held(B, lease).await);
    for _ in 0..3 {
        assert_eq!(leases.keep(A, LONG).await, first);
    }
    let records = leases.leases.partitions().await.unwrap();
    assert_eq!(records.len(), 1);
    let record = records[0];
    assert_eq!((record.owner, record.epoch), (Some(A), lease.epoch));
    assert_eq!(record.published, None);
}

/// What was published is noted for good; less changes nothing, and neither does a stranger.
pub async fn what_was_published_only_rises(leases: Leases) {
    let leases = leases.with(1).await;
    let lease = leases.keep(A, LONG).await.leases[0];
    assert_eq!(leases.published(0).await, None);
    for (noted, known) in [(0, 0), (5, 5), (3, 5), (9, 9), (9, 9)] {
        let noted = leases.leases.published(A, lease, noted);
        assert_eq!(noted.await, Ok(()));
        assert_eq!(leases.published(0).await, Some(known));
    }
    let stranger = leases.leases.published(B, lease, 20);
    assert_eq!(stranger.await, Ok(()));
    assert_eq!(leases.published(0).await, Some(9));
}

/// A restart sets what was published, and whoever held the partition has to take it over anew.
pub async fn a_restart_goes_back_and_changes_the_epoch(leases: Leases) {
    let leases = leases.with(1).await;
    let before = leases.keep(A, LONG).await.leases[0];
    let noted = leases.leases.published(A, before, 9);
    assert_eq!(noted.await, Ok(()));
    assert_eq!(leases.leases.restart(0, 4).await, Ok(()));
    assert_eq!(leases.published(0).await, Some(4));
    assert!(!leases.held(A, before).await);
    let late = leases.leases.published(A, before, 9);
    assert_eq!(late.await, Ok(()));
    assert_eq!(leases.published(0).await, Some(4), "its note came too late");
    let after = leases.keep(A, LONG).await.leases[0];
    assert!(after.epoch > before.epoch, "{before:?} {after:?}");
    let noted = leases.leases.published(A, after, 6);
    assert_eq!(noted.await, Ok(()));
    assert_eq!(leases.published(0).await, Some(6));
}

/// After leaving, nothing is held; coming back is possible.
pub async fn who_left_holds_nothing(leases: Leases) {
    let leases = leases.with(1).await;
    let lease = leases.keep(A, LONG).await.leases[0];
    assert_eq!(leases.leases.leave(A).await, Ok(()));
    assert!(!leases.held(A, lease).await);
    assert_eq!(partitions(&leases.keep(B, LONG).await), [0]);
}

/// While one replica holds a partition no other gets it, and only its owner can release it.
pub async fn a_lease_is_one_replicas(leases: Leases) {
    let leases = leases.with(1).await;
    let lease = leases.keep(A, LONG).await.leases[0];
    assert_eq!(leases.keep(B, LONG).await, Holding::default());
    assert_eq!(leases.leases.release(B, &[lease]).await, Ok(()));
    assert!(leases.held(A, lease).await);
    assert_eq!(leases.leases.release(A, &[lease]).await, Ok(()));
    assert!(!leases.held(A, lease).await);
    let taken = leases.keep(B, LONG).await.leases[0];
    assert!(taken.epoch > lease.epoch, "{lease:?} {taken:?}");
    assert_eq!(leases.leases.release(A, &[lease]).await, Ok(()));
    assert!(leases.held(B, taken).await);
}

/// A replica that is gone loses its leases, by the store's clock, and learns it.
pub async fn an_expired_lease_is_taken_in_a_higher_epoch(leases: Leases) {
    let leases = leases.with(1).await;
    let started = Instant::now();
    let lease = leases.keep(A, SHORT).await.leases[0];
    let taken = loop {
        if let Some(taken) = leases.keep(B, LONG).await.leases.first() {
            break *taken;
        }
        assert!(started.elapsed() < PATIENCE, "it never expires");
        tokio::task::yield_now().await;
    };
    assert!(started.elapsed() >= SHORT, "{:?}", started.elapsed());
    assert!(taken.epoch > lease.epoch, "{lease:?} {taken:?}");
    assert!(!leases.held(A, lease).await);
    assert_eq!(leases.keep(A, LONG).await, Holding::default());
}

/// A replica that joins is given room by those that have more than their share.
pub async fn a_replica_that_joins_gets_its_share(leases: Leases) {
    let leases = leases.with(4).await;
    let all = leases.keep(A, LONG).await;
    assert_eq!((partitions(&all), all.surplus), (vec![0, 1, 2, 3], 0));
    assert_eq!(leases.keep(B, LONG).await.leases, []);
    let told = leases.keep(A, LONG).await;
    assert_eq!((told.leases.len(), told.surplus), (4, 2));
    let released = leases.leases.release(A, &told.leases[2..]).await;
    assert_eq!(released, Ok(()));
    let kept = leases.keep(A, LONG).await;
    assert_eq!((partitions(&kept), kept.surplus), (vec![0, 1], 0));
    let joined = leases.keep(B, LONG).await;
    assert_eq!((partitions(&joined), joined.surplus), (vec![2, 3], 0));
}

/// What a replica held is free as soon as it has left, and the others' shares grow.
pub async fn a_replica_that_leaves_gives_all_back(leases: Leases) {
    let leases = leases.with(3).await;
    leases.keep(B, LONG).await;
    let few = leases.keep(A, LONG).await;
    assert_eq!(few.leases, [], "B came first");
    assert_eq!(leases.leases.leave(B).await, Ok(()));
    assert_eq!(partitions(&leases.keep(A, LONG).await), [0, 1, 2]);
}

/// Replicas that ask all at once share all partitions out, each to one.
pub async fn many_replicas_hold_each_partition_once(leases: Leases) {
    let leases = leases.with(7).await;
    let started = Instant::now();
    loop {
        let asking = (1..=4).map(|number| {
            let leases = leases.clone();
            tokio::spawn(async move {
                let owner = ReplicaId(number);
                let holding = leases.keep(owner, LONG).await;
                let keep = holding.leases.len() - holding.surplus;
                let (kept, given) = holding.leases.split_at(keep);
                leases.leases.release(owner, given).await.unwrap();
                kept.to_vec()
            })
        });
        let mut counts = Vec::new();
        let mut held = BTreeSet::new();
        for asked in asking.collect::<Vec<_>>() {
            let kept = asked.await.unwrap();
            counts.push(kept.len());
            for lease in kept {
                assert!(held.insert(lease.partition), "{lease:?} is held twice");
            }
        }
        counts.sort_unstable();
        if counts == [1, 2, 2, 2] {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "no fair share: {counts:?}");
    }
}
