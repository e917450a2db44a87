//! Publishes the feed to Kafka: shares its partitions with the other replicas, and keeps a task for each
//! that this one holds. What may be published is for `order-core` to say, how for `adapter-kafka`.
//!
//! Nothing here ever makes a caller wait: Kafka being away costs lag, and nothing else.

mod board;
mod partition;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::health::Part;
use crate::store::OpenStore;
use adapter_kafka::KafkaPublisher;
use board::Board;
use order_core::app::FeedPublisher;
use order_core::ports::{
    Clock, EventFeed, FeedLeases, FeedPosition, Holding, Lease, PageLimit, ReplicaId, StoreError,
};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often a lease is renewed, and free ones are looked for, at least: this much of the time until
/// another replica goes on is the looking's.
const KEEP_AT_LEAST_EVERY: Duration = Duration::from_millis(500);
/// How often the lag is measured and what was published is noted.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for a transaction to end, and for the leases to be given back.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// What publishes the feed of this process.
pub(crate) struct Publishing {
    feed: Arc<dyn EventFeed>,
    leases: Arc<dyn FeedLeases>,
    publisher: Arc<KafkaPublisher>,
    owner: ReplicaId,
    lease: Duration,
    board: Arc<Board>,
}

/// A partition that is held: its task, and how it is told to stop.
struct Held {
    lease: Lease,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Publishing {
    /// Nothing where no broker is configured.
    pub(crate) fn compose(
        config: &Config,
        store: &OpenStore,
        registry: &mut Registry,
    ) -> Option<Arc<Publishing>> {
        let kafka = config.kafka.clone()?;
        let board = Arc::new(Board::new(&kafka.brokers, registry));
        Some(Arc::new(Publishing {
            feed: Arc::clone(&store.feed),
            leases: Arc::clone(&store.leases),
            publisher: Arc::new(KafkaPublisher::new(kafka)),
            owner: replica_id(),
            lease: config.feed_lease,
            board,
        }))
    }

    /// What `/readyz?verbose` says of it.
    pub(crate) fn health(self: Arc<Publishing>) -> Part {
        Box::new(move || self.board.component())
    }

    /// Publishes until `stop` turns true; then ends what is under way, and gives the leases back.
    pub(crate) async fn run(self: Arc<Publishing>, mut stop: watch::Receiver<bool>) {
        let measuring = tokio::spawn(Arc::clone(&self).measure());
        let preparing = tokio::spawn(Arc::clone(&self).prepare());
        let mut held: BTreeMap<u16, Held> = BTreeMap::new();
        let mut ticks = interval((self.lease / 3).min(KEEP_AT_LEAST_EVERY));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewed = Instant::now();
        let mut failing = false;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            match self.keep().await {
                Ok(holding) => {
                    (renewed, failing) = (Instant::now(), false);
                    self.hold(holding, &mut held).await;
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "leases of the feed cannot be renewed");
                    }
                    failing = true;
                    // By now another replica may publish: being fenced by it costs both a take-over.
                    if renewed.elapsed() > self.lease {
                        self.end(std::mem::take(&mut held)).await;
                    }
                }
            }
        }
        preparing.abort();
        self.end(held).await;
        measuring.abort();
        let left = timeout(STOP_PATIENCE, self.leases.leave(self.owner)).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::warn!(lease = ?self.lease, "leases of the feed were not given back; they expire by themselves");
        }
    }

    async fn keep(&self) -> Result<Holding, StoreError> {
        let kept = timeout(self.lease, self.leases.keep(self.owner, self.lease)).await;
        kept.unwrap_or_else(|_| {
            Err(StoreError::Unavailable {
                detail: format!("no answer within {:?}", self.lease),
            })
        })
    }

    /// Starts and ends tasks, so that there is one for each lease; what is too much is given back.
    async fn hold(&self, holding: Holding, held: &mut BTreeMap<u16, Held>) {
        let mut leases = holding.leases;
        let kept = leases.len().saturating_sub(holding.surplus);
        let surplus = leases.split_off(kept);
        let gone: Vec<u16> = held
            .values()
            .filter(|known| known.task.is_finished() || !leases.contains(&known.lease))
            .map(|known| known.lease.partition)
            .collect();
        let gone = gone.into_iter();
        let gone = gone.filter_map(|partition| Some((partition, held.remove(&partition)?)));
        self.end(gone.collect()).await;
        if !surplus.is_empty() {
            tracing::info!(
                partitions = surplus.len(),
                "partitions of the feed are given to another replica"
            );
            // Where that fails, they are surplus at the next look as well.
            _ = self.leases.release(self.owner, &surplus).await;
        }
        for lease in leases {
            held.entry(lease.partition).or_insert_with(|| {
                let (stop, stopped) = watch::channel(false);
                self.board.hold(lease.partition);
                let by = self.publisher();
                let board = Arc::clone(&self.board);
                let task = tokio::spawn(partition::publish(by, lease, board, stopped));
                Held { lease, stop, task }
            });
        }
    }

    /// Ends tasks in order where they end soon.
    async fn end(&self, held: BTreeMap<u16, Held>) {
        for held in held.values() {
            held.stop.send_replace(true);
        }
        let deadline = tokio::time::Instant::now() + STOP_PATIENCE;
        for (partition, mut held) in held {
            if tokio::time::timeout_at(deadline, &mut held.task)
                .await
                .is_err()
            {
                held.task.abort();
                tracing::warn!(
                    partition,
                    "Kafka does not answer: a transaction was left to be aborted by it"
                );
            }
            self.board.lose(partition);
        }
    }

    fn publisher(&self) -> FeedPublisher {
        FeedPublisher::new(
            Arc::clone(&self.feed),
            Arc::clone(&self.publisher) as _,
            Arc::clone(&self.leases),
            self.owner,
        )
    }

    /// Looks after the topics once, so that a take-over need not, and tells what is wrong before there
    /// is anything to publish.
    async fn prepare(self: Arc<Publishing>) {
        let mut backoff = partition::backoff();
        loop {
            match self.publisher.prepare().await {
                Ok(()) => return self.board.prepared(),
                Err(error) => self.board.unprepared(&error.to_string()),
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

    /// Measures the lag and notes what was published, again and again.
    async fn measure(self: Arc<Publishing>) {
        let mut ticks = interval(MEASURE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut noted = BTreeMap::new();
        loop {
            ticks.tick().await;
            // A store that is away is told by readiness; the lag then stays what it was.
            _ = self.measure_once(&mut noted).await;
        }
    }

    async fn measure_once(&self, noted: &mut BTreeMap<Lease, u64>) -> Result<(), StoreError> {
        let head = self.feed.head().await.map_err(partition::store_error)?;
        let records = self.leases.partitions().await?;
        let mine = records
            .iter()
            .filter(|record| record.owner == Some(self.owner));
        for record in mine {
            let partition = record.partition;
            let going = self.board.cursor(partition);
            let offset = going.or(record.published).unwrap_or(0);
            let behind = head.offset(partition).saturating_sub(offset);
            let since = if behind == 0 {
                Duration::ZERO
            } else {
                self.age_after(FeedPosition { partition, offset }).await?
            };
            self.board.lag(partition, behind, since);
            let lease = Lease {
                partition,
                epoch: record.epoch,
            };
            if let Some(offset) = going
                && noted.get(&lease) != Some(&offset)
            {
                self.leases.published(self.owner, lease, offset).await?;
                noted.insert(lease, offset);
            }
        }
        Ok(())
    }

    /// How long ago the event after this position happened.
    async fn age_after(&self, after: FeedPosition) -> Result<Duration, StoreError> {
        let one = PageLimit {
            events: 1,
            bytes: 1,
        };
        let read = self.feed.read_partition(after, one).await;
        let read = read.map_err(partition::store_error)?;
        let since = read.first().map_or(0, |recorded| {
            SystemClock.now().millis() - recorded.event.time.millis()
        });
        Ok(Duration::from_millis(u64::try_from(since).unwrap_or(0)))
    }
}

/// A fresh id. Without random bits all replicas would be one: then the process's own number keeps those
/// of one machine apart.
fn replica_id() -> ReplicaId {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..4].copy_from_slice(&std::process::id().to_be_bytes());
    }
    ReplicaId(u128::from_be_bytes(bytes))
}
