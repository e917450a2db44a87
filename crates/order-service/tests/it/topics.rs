//! Kafka as its other users see it: a producer of facts, a `read_committed` consumer of events.

use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) const EVENTS: &str = "orders.events.v1";
/// How long the broker may take for anything, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(100);

/// Sends facts as a payment provider or a warehouse would.
pub(crate) struct Facts(BaseProducer);

impl Facts {
    pub(crate) fn to(brokers: &str) -> Facts {
        let made = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .create();
        Facts(made.unwrap())
    }

    /// Sends a fact in binary mode.
    pub(crate) fn send(&self, topic: &str, kind: &str, id: &str, order_id: &str, data: &str) {
        let headers = [
            ("ce_specversion", "1.0"),
            ("ce_type", kind),
            ("ce_source", "/tests"),
            ("ce_id", id),
            ("content-type", "application/json"),
        ];
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header {
                    key,
                    value: Some(*value),
                })
            });
        let mut record = BaseRecord::to(topic)
            .key(order_id)
            .payload(data)
            .headers(headers);
        let started = Instant::now();
        while let Err((error, again)) = self.0.send(record) {
            let full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
            assert_eq!(error, full, "{topic}");
            assert!(started.elapsed() < PATIENCE, "the broker takes no facts");
            self.0.poll(POLL);
            record = again;
        }
        self.0.poll(Duration::ZERO);
    }

    /// Waits until the broker has all of them.
    pub(crate) fn flush(&self) {
        self.0.flush(PATIENCE).unwrap();
    }
}

/// An event as a consumer has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) order_id: String,
    pub(crate) version: u64,
    pub(crate) kind: String,
    /// Its place in the feed, as its header says.
    pub(crate) position: String,
}

/// Everything that a `read_committed` consumer of the events sees, by partition of the topic and in its
/// order, once there are `expected` events; more are waited for no longer than it takes to read to
/// the end.
pub(crate) fn events(brokers: &str, expected: usize) -> BTreeMap<i32, Vec<Seen>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "reader")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let known = consumer.fetch_metadata(Some(EVENTS), PATIENCE).unwrap();
    let mut from = rdkafka::TopicPartitionList::new();
    for partition in known.topics()[0].partitions() {
        from.add_partition_offset(EVENTS, partition.id(), rdkafka::Offset::Beginning)
            .unwrap();
    }
    let partitions = from.count();
    consumer.assign(&from).unwrap();
    let (mut seen, mut count) = (BTreeMap::<i32, Vec<Seen>>::new(), 0);
    let mut at_end = std::collections::BTreeSet::new();
    let started = Instant::now();
    while count < expected || at_end.len() < partitions {
        assert!(
            started.elapsed() < PATIENCE * 2,
            "{count} of {expected} events after {:?}",
            started.elapsed()
        );
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                at_end.remove(&message.partition());
                seen.entry(message.partition())
                    .or_default()
                    .push(read(&message));
                count += 1;
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                at_end.insert(partition);
            }
            Some(Err(error)) => panic!("{error}"),
        }
    }
    seen
}

fn read(message: &impl Message) -> Seen {
    let headers = message.headers().expect("an event has headers");
    let header = |name: &str| {
        let found = headers.iter().find(|header| header.key == name);
        let value = found.and_then(|header| header.value);
        String::from_utf8(value.unwrap_or_else(|| panic!("no {name}")).to_vec()).unwrap()
    };
    let id = header("ce_id");
    let (order_id, version) = id.split_once('/').unwrap();
    assert_eq!(
        message.key(),
        Some(order_id.as_bytes()),
        "the key is the order"
    );
    assert_eq!(header("ce_orderversion"), version);
    Seen {
        order_id: order_id.to_owned(),
        version: version.parse().unwrap(),
        kind: header("ce_type"),
        position: header("ce_position"),
    }
}
