//! Topics of a test's own, publishers to them, and a feed in memory to publish.

use crate::consumer::{Message, read};
use adapter_kafka::{Config, KafkaPublisher, NewTopics, Topics};
use order_core::app::{FeedPublisher, Publishing, Standstill};
use order_core::ports::{EventFeed, EventPublisher, FeedLeases, Lease, ReplicaId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::desk::done;
use testkit::fakes::MemoryStore;
use testkit::servers::Kafka;
use testkit::{Desk, new_order};

/// Longer than any test takes.
const LEASE: Duration = Duration::from_mins(10);
/// So many errors in a row are not the fault's any more.
const MOST_ERRORS: u64 = 100;

/// The broker that the tests of this process share.
pub(crate) async fn kafka() -> &'static Kafka {
    tokio::task::spawn_blocking(Kafka::shared).await.unwrap()
}

/// Topics of its own.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    pub(crate) config: Config,
}

impl Bench {
    /// Events get so many partitions: with one, a consumer sees them in the order of the feed.
    pub(crate) fn new(brokers: &str, partitions: u32) -> Bench {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let config = Config {
            cluster: format!("bench-{number}"),
            topics: Topics {
                events: format!("events-{number}"),
                cursors: format!("cursors-{number}"),
                ..Topics::default()
            },
            new_topics: NewTopics {
                partitions,
                ..NewTopics::default()
            },
            ..Config::at(brokers)
        };
        Bench { config }
    }

    /// A publisher, as another replica has one.
    pub(crate) fn publisher(&self) -> KafkaPublisher {
        KafkaPublisher::new(self.config.clone())
    }

    /// Everything that is committed now, partition by partition. Empty where there is no topic.
    pub(crate) fn read(&self) -> Vec<Message> {
        read(&self.config.brokers, &self.config.topics.events)
    }
}

/// A feed in memory that one replica publishes.
pub(crate) struct Feed {
    pub(crate) store: MemoryStore,
    pub(crate) desk: Desk,
    pub(crate) owner: ReplicaId,
}

impl Feed {
    pub(crate) fn new() -> Feed {
        Feed {
            store: MemoryStore::new(),
            desk: Desk::new(),
            owner: ReplicaId(1),
        }
    }

    /// Places so many orders, each of one event.
    pub(crate) async fn grow(&self, orders: usize) {
        for _ in 0..orders {
            done(&self.store, self.desk.place_in(0, new_order())).await;
        }
    }

    /// The newest offset of partition 0.
    pub(crate) async fn head(&self) -> u64 {
        self.store.head().await.unwrap().offset(0)
    }

    pub(crate) async fn lease(&self) -> Lease {
        self.store.keep(self.owner, LEASE).await.unwrap().leases[0]
    }

    pub(crate) fn by(&self, publisher: Arc<dyn EventPublisher>) -> FeedPublisher {
        let store = Arc::new(self.store.clone());
        FeedPublisher::new(store.clone(), publisher, store, self.owner)
    }

    /// Takes partition 0 over and publishes to the end of the feed.
    pub(crate) async fn publish_all(
        &self,
        publisher: Arc<dyn EventPublisher>,
    ) -> Result<Publishing, Standstill> {
        let mut publishing = self.by(publisher).take_over(self.lease().await).await?;
        while publishing.publish_next().await? > 0 {}
        Ok(publishing)
    }

    /// Publishes on to the end of the feed; takes the partition over where it is not held, and anew after
    /// each error that may pass. Answers how many errors there were.
    pub(crate) async fn publish_through(
        &self,
        publisher: Arc<dyn EventPublisher>,
        mut held: Option<Publishing>,
    ) -> (Publishing, u64) {
        let by = self.by(publisher);
        let mut errors = 0;
        loop {
            match self.publish_on(&by, held.take()).await {
                Ok(publishing) => return (publishing, errors),
                Err(Standstill::Publish(_)) if errors < MOST_ERRORS => errors += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn publish_on(
        &self,
        by: &FeedPublisher,
        held: Option<Publishing>,
    ) -> Result<Publishing, Standstill> {
        let mut publishing = match held {
            Some(publishing) => publishing,
            None => by.take_over(self.lease().await).await?,
        };
        while publishing.publish_next().await? > 0 {}
        Ok(publishing)
    }
}
