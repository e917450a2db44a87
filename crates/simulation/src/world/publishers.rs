//! Publishing: each replica keeps its leases and publishes what it holds, to a broker that fails before
//! and after it has published.

use super::replica::Life;
use super::{World, count};
use crate::sabotage::Sabotage;
use async_trait::async_trait;
use order_core::app::{FeedPublisher, Standstill};
use order_core::ports::{
    Cursor, EventFeed, EventPublisher, FeedLeases, Lease, PublishError, RecordedEvent, ReplicaId,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::fakes::MemoryPublisher;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long a lease holds.
const LEASE_TIME: Duration = Duration::from_secs(6);
/// How often it is renewed.
const KEEP_EVERY: Duration = Duration::from_secs(2);
/// How long a partition that stands still waits before it is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(700);

/// Publishes what this replica holds, for as long as it lives.
pub(crate) async fn run(
    world: Arc<World>,
    life: Arc<Life>,
    feed: Arc<dyn EventFeed>,
    leases: Arc<dyn FeedLeases>,
) {
    let owner = ReplicaId(u128::from(life.id));
    let publisher = SimPublisher {
        inner: world.broker.publisher(),
        world: Arc::clone(&world),
        life: Arc::clone(&life),
    };
    let by = FeedPublisher::new(feed, Arc::new(publisher), Arc::clone(&leases), owner);
    let mut at_work: BTreeMap<Lease, JoinSet<()>> = BTreeMap::new();
    loop {
        // A store that is away leaves things as they are: the lease runs out by itself.
        if let Ok(holding) = leases.keep(owner, LEASE_TIME).await {
            at_work.retain(|lease, _| holding.leases.contains(lease));
            for lease in holding.leases {
                at_work.entry(lease).or_insert_with(|| {
                    let mut one = JoinSet::new();
                    let (world, life, by) = (Arc::clone(&world), Arc::clone(&life), by.clone());
                    one.spawn(publish(world, life, by, lease));
                    one
                });
            }
        }
        sleep(KEEP_EVERY).await;
    }
}

async fn publish(world: Arc<World>, life: Arc<Life>, by: FeedPublisher, lease: Lease) {
    let name = format!("feed-{}", lease.partition);
    loop {
        let stopped = publish_until_error(&world, &life, &by, lease).await;
        let replica = life.name();
        world
            .trace
            .note(format_args!("{name} {replica} stands still: {stopped}"));
        match stopped {
            Standstill::Halted(halt) => {
                world.wrong(&name, format!("halted where nothing was lost: {halt}"));
                return;
            }
            Standstill::LeaseLost => return,
            Standstill::Publish(_) | Standstill::Store(_) => sleep(TRY_AGAIN_AFTER).await,
        }
    }
}

async fn publish_until_error(
    world: &World,
    life: &Life,
    by: &FeedPublisher,
    lease: Lease,
) -> Standstill {
    let (partition, replica) = (lease.partition, life.name());
    let mut publishing = match by.take_over(lease).await {
        Ok(publishing) => publishing,
        Err(stopped) => return stopped,
    };
    count(&world.counts.takeovers);
    loop {
        let cursor = publishing.cursor();
        let next = match publishing.publish_next().await {
            Ok(0) => publishing.wait().await,
            Ok(more) => {
                world.trace.note(format_args!(
                    "feed-{partition} {replica} publishes {more} after {cursor}"
                ));
                Ok(())
            }
            Err(stopped) => Err(stopped),
        };
        if let Err(stopped) = next {
            return stopped;
        }
    }
}

/// The broker as one replica reaches it.
struct SimPublisher {
    inner: MemoryPublisher,
    world: Arc<World>,
    life: Arc<Life>,
}

impl SimPublisher {
    /// Does `call`; fails before or after it.
    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, PublishError>>,
    ) -> Result<T, PublishError> {
        let rates = &self.world.plan.rates;
        let away = |what: &str| PublishError::Unavailable {
            detail: format!("the world's broker: {what}"),
        };
        self.life.way().await;
        if self.world.strikes(rates.broker_fails) {
            count(&self.world.counts.failures);
            return Err(away("not reached"));
        }
        let answer = call.await;
        if self.world.strikes(rates.dies_there) {
            self.life.die("between a publication and its answer").await;
        }
        self.life.way().await;
        if self.world.strikes(rates.broker_fails) {
            count(&self.world.counts.lost_answers);
            return Err(away("the answer was lost"));
        }
        answer
    }
}

#[async_trait]
impl EventPublisher for SimPublisher {
    async fn take_over(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        let found = self.ask(self.inner.take_over(partition)).await?;
        if self.world.sabotage == Sabotage::PublishesFromTheBeginning
            && let Some(cursor) = &found
        {
            let from_the_beginning = Cursor {
                offset: 0,
                event: None,
                ..cursor.clone()
            };
            self.world
                .broker
                .put_cursor(partition, Some(from_the_beginning.clone()));
            return Ok(Some(from_the_beginning));
        }
        Ok(found)
    }

    async fn set_cursor(&self, partition: u16, cursor: Cursor) -> Result<(), PublishError> {
        self.ask(self.inner.set_cursor(partition, cursor)).await
    }

    async fn publish(
        &self,
        partition: u16,
        events: Vec<RecordedEvent>,
    ) -> Result<(), PublishError> {
        self.ask(self.inner.publish(partition, events)).await
    }

    async fn let_go(&self, partition: u16) {
        self.inner.let_go(partition).await;
    }

    async fn look(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        self.ask(self.inner.look(partition)).await
    }
}
