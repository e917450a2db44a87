//! Topics of a test's own, publishers to them, and what a consumer of committed events sees there.

use adapter_kafka::{Config, KafkaPublisher, NewTopics, Topics};
use order_core::ports::FeedToken;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::servers::Kafka;

/// How long a broker may take to answer on the slowest machine.
const ANSWER: Duration = Duration::from_secs(60);

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

/// A message as a consumer sees it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> String {
        let found = self.headers.get(name);
        found
            .unwrap_or_else(|| panic!("no header {name}: {self:?}"))
            .clone()
    }

    /// Feed partition and offset, as its position says.
    pub(crate) fn place(&self) -> (u16, u64) {
        let token: FeedToken = self.header("ce_position").parse().unwrap();
        let partition = u16::try_from(token.partitions()).unwrap() - 1;
        (partition, token.offset(partition))
    }
}

/// All committed messages of a topic.
pub(crate) fn read(brokers: &str, topic: &str) -> Vec<Message> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "checker")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10")
        .create()
        .unwrap();
    let known = consumer.fetch_metadata(None, ANSWER).unwrap();
    let Some(found) = known.topics().iter().find(|found| found.name() == topic) else {
        return Vec::new();
    };
    let mut open: BTreeSet<i32> = found.partitions().iter().map(|part| part.id()).collect();
    let mut assigned = TopicPartitionList::new();
    for partition in &open {
        assigned
            .add_partition_offset(topic, *partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assigned).unwrap();
    let mut messages = Vec::new();
    while !open.is_empty() {
        match consumer.poll(ANSWER).expect("the broker answers") {
            Ok(message) => messages.push(taken(&message)),
            Err(KafkaError::PartitionEOF(partition)) => _ = open.remove(&partition),
            Err(error) => panic!("{topic} cannot be read: {error}"),
        }
    }
    messages
}

fn taken(message: &rdkafka::message::BorrowedMessage<'_>) -> Message {
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Message {
        partition: message.partition(),
        key: text(message.key()),
        value: text(message.payload()),
        headers: headers
            .map(|header| (header.key.to_owned(), text(header.value)))
            .collect(),
    }
}
