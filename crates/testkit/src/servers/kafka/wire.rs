//! The few words of Kafka's protocol that a test needs to make topics and to see a cluster: no client
//! library, and no start of a JVM for each question.
//!
//! The oldest versions that Kafka 4 still understands are spoken (KIP-896), since they are the
//! simplest: <https://kafka.apache.org/protocol>.

use planes::{ConnectOptions, Plane, PlaneKind, connect};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long an answer may take before the broker counts as not answering.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the broker may work on topics; above it the answer is an error. Milliseconds.
const TOPIC_TIMEOUT_MILLIS: i32 = 9_000;
/// A longer answer is no answer of a broker.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// A topic to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// As clients call it.
    pub name: String,
    /// At least one.
    pub partitions: u32,
    /// As `kafka-topics --config` takes them: `("cleanup.policy", "compact")`.
    pub settings: Vec<(String, String)>,
}

impl Topic {
    /// A topic with the broker's own settings.
    pub fn new(name: impl Into<String>, partitions: u32) -> Topic {
        let (name, settings) = (name.into(), Vec::new());
        Topic {
            name,
            partitions,
            settings,
        }
    }

    /// With a setting of its own.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Topic {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What one broker knows.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) brokers: Vec<i32>,
    pub(crate) topics: Vec<TopicState>,
}

#[derive(Debug)]
pub(crate) struct TopicState {
    pub(crate) name: String,
    pub(crate) partitions: Vec<PartitionState>,
}

#[derive(Debug)]
pub(crate) struct PartitionState {
    pub(crate) number: i32,
    /// -1 where there is none.
    pub(crate) leader: i32,
    pub(crate) in_sync: Vec<i32>,
}

/// Metadata, version 1: brokers and all topics.
pub(crate) async fn metadata(broker: SocketAddr) -> Option<Metadata> {
    let mut answer = ask(broker, 3, 1, Request::default().number(-1)).await?;
    let brokers = answer.list(|answer| {
        let number = answer.number()?;
        answer.text()?;
        answer.number()?;
        answer.text()?;
        Some(number)
    })?;
    answer.number()?;
    let topics = answer.list(|answer| {
        answer.short()?;
        let name = answer.text()?;
        answer.take(1)?;
        let partitions = answer.list(|answer| {
            answer.short()?;
            let (number, leader) = (answer.number()?, answer.number()?);
            answer.list(Answer::number)?;
            Some(PartitionState {
                number,
                leader,
                in_sync: answer.list(Answer::number)?,
            })
        })?;
        Some(TopicState { name, partitions })
    })?;
    Some(Metadata { brokers, topics })
}

/// `CreateTopics`, version 2. Each topic with its error code (0: made) and the broker's words.
pub(crate) async fn create_topics(
    broker: SocketAddr,
    replicas: i16,
    topics: &[Topic],
) -> Option<Vec<(String, i16, String)>> {
    let mut request = Request::default().count(topics.len());
    for topic in topics {
        let partitions = i32::try_from(topic.partitions).expect("few partitions");
        request = request
            .text(&topic.name)
            .number(partitions)
            .short(replicas)
            .count(0)
            .count(topic.settings.len());
        for (name, value) in &topic.settings {
            request = request.text(name).text(value);
        }
    }
    let request = request.number(TOPIC_TIMEOUT_MILLIS).byte(0);
    let mut answer = ask(broker, 19, 2, request).await?;
    answer.number()?;
    answer.list(|answer| Some((answer.text()?, answer.short()?, answer.text()?)))
}

/// `DeleteTopics`, version 1: the error code, 0 for deleted.
pub(crate) async fn delete_topic(broker: SocketAddr, name: &str) -> Option<i16> {
    let request = Request::default()
        .count(1)
        .text(name)
        .number(TOPIC_TIMEOUT_MILLIS);
    let mut answer = ask(broker, 20, 1, request).await?;
    answer.number()?;
    let codes = answer.list(|answer| {
        answer.text()?;
        answer.short()
    })?;
    codes.first().copied()
}

/// One question on a connection of its own. `None` where the broker does not answer.
async fn ask(broker: SocketAddr, api: i16, version: i16, body: Request) -> Option<Answer> {
    let header = Request::default().short(api).short(version).number(1);
    let request = header.text("testkit").0;
    let length = u32::try_from(request.len() + body.0.len()).ok()?;
    let exchange = async {
        let plane = Plane::unbound(PlaneKind::Data);
        let mut stream = connect(&plane, broker, ConnectOptions::default())
            .await
            .ok()?;
        let whole = [length.to_be_bytes().as_slice(), &request, &body.0].concat();
        stream.write_all(&whole).await.ok()?;
        let length = usize::try_from(stream.read_u32().await.ok()?).ok()?;
        let mut bytes = vec![0; length.min(ANSWER_MAX_BYTES)];
        stream.read_exact(&mut bytes).await.ok()?;
        let mut answer = Answer { bytes, read: 0 };
        // The number of the question, which was the only one.
        (answer.number()? == 1).then_some(answer)
    };
    tokio::time::timeout(ANSWER_TIMEOUT, exchange)
        .await
        .ok()
        .flatten()
}

/// Big-endian numbers, texts with their length before them.
#[derive(Default)]
struct Request(Vec<u8>);

impl Request {
    fn byte(mut self, value: u8) -> Request {
        self.0.push(value);
        self
    }

    fn short(mut self, value: i16) -> Request {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn number(mut self, value: i32) -> Request {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn count(self, value: usize) -> Request {
        self.number(i32::try_from(value).expect("a short list"))
    }

    fn text(self, value: &str) -> Request {
        let mut request = self.short(i16::try_from(value.len()).expect("a short text"));
        request.0.extend(value.as_bytes());
        request
    }
}

struct Answer {
    bytes: Vec<u8>,
    read: usize,
}

impl Answer {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.read..self.read.checked_add(count)?)?;
        self.read += count;
        Some(taken)
    }

    fn short(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// No text at all (length -1) reads as an empty one.
    fn text(&mut self) -> Option<String> {
        let length = self.short()?;
        let bytes = self.take(usize::try_from(length).unwrap_or(0))?;
        String::from_utf8(bytes.to_vec()).ok()
    }

    fn list<Item>(
        &mut self,
        mut item: impl FnMut(&mut Answer) -> Option<Item>,
    ) -> Option<Vec<Item>> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }
}
