//! What a consumer of committed events sees, and whether that is the feed.
//!
//! The tests of `order-service` use this file as well.

use order_core::ports::FeedToken;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message as _};
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::contract::{Carried, Contract};

/// How long a broker may take to answer on the slowest machine.
const ANSWER: Duration = Duration::from_mins(1);

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

    /// Which of the topic's messages it is by the contract, or why it is none.
    pub(crate) fn told_as(&self, contract: &Contract, topic: &str) -> Result<String, String> {
        let headers = self.headers.iter();
        let headers: Vec<(&str, &str)> = headers.map(|(name, value)| (&**name, &**value)).collect();
        let carried = Carried {
            topic,
            key: Some(&self.key),
            headers: &headers,
            value: self.value.as_bytes(),
        };
        contract.message_of(&carried).map(str::to_owned)
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
    let mut open: BTreeSet<i32> = found
        .partitions()
        .iter()
        .map(MetadataPartition::id)
        .collect();
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
    let text =
        |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
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

/// What a consumer has seen, held against the feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) events: u64,
    pub(crate) doubled: u64,
    pub(crate) missing: u64,
    /// Events that came before an earlier one of their feed partition or order, in one partition of Kafka.
    pub(crate) turned: u64,
}

impl Seen {
    /// As a row of the catalogue tells it, with what else was counted.
    pub(crate) fn counted(self, more: &[(&'static str, u64)]) -> Vec<(&'static str, u64)> {
        let own = [
            ("doubled", self.doubled),
            ("missing", self.missing),
            ("out of order", self.turned),
        ];
        [&[("events", self.events)], more, &own].concat()
    }
}

/// Counts; `heads` are the newest offsets of the feed's partitions. The versions of each order have to be
/// contiguous as well.
pub(crate) fn look(messages: &[Message], heads: &[u64]) -> Seen {
    let mut seen = Seen::default();
    let mut known: BTreeSet<(u16, u64)> = BTreeSet::new();
    let mut last: BTreeMap<(i32, u16), u64> = BTreeMap::new();
    let mut versions: BTreeMap<&str, u64> = BTreeMap::new();
    for message in messages {
        let (partition, offset) = message.place();
        seen.events += 1;
        if !known.insert((partition, offset)) {
            seen.doubled += 1;
            continue;
        }
        let before = last.entry((message.partition, partition)).or_default();
        let version: u64 = message.header("ce_orderversion").parse().unwrap();
        let newest = versions.entry(&message.key).or_default();
        if offset <= *before || version != *newest + 1 {
            seen.turned += 1;
        }
        (*before, *newest) = (offset, version);
        assert_eq!(
            message.header("ce_id"),
            format!("{}/{version}", message.key)
        );
        assert_eq!(message.header("content-type"), "application/json");
        assert!(message.value.starts_with('{'), "{message:?}");
    }
    for (partition, head) in (0..).zip(heads) {
        let there = (1..=*head).filter(|offset| known.contains(&(partition, *offset)));
        seen.missing += head - there.count() as u64;
    }
    seen
}

/// Holds what was seen against the feed: everything once, in order. A check that has seen nothing has
/// checked nothing.
pub(crate) fn assert_exactly_once(messages: &[Message], heads: &[u64]) -> Seen {
    let seen = look(messages, heads);
    let events: u64 = heads.iter().sum();
    assert!(events > 0, "nothing was to be seen");
    let all = Seen {
        events,
        ..Seen::default()
    };
    assert_eq!(seen, all);
    seen
}
