//! A broker with the topics of the service, and `kcat` to write and read them.

use crate::consumer;
use crate::service::asyncapi;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use testkit::contract::Contract;
use testkit::servers::Kafka;
use testkit::servers::kafka::{Options, Topic};

pub(crate) const PAYMENTS: &str = "payments.events.v1";
pub(crate) const INVENTORY: &str = "inventory.events.v1";
pub(crate) const SHIPMENTS: &str = "shipments.events.v1";
pub(crate) const COMMANDS: &str = "orders.commands.v1";
pub(crate) const DEAD_LETTERS: &str = "orders.dead-letter.v1";
const INBOUND: [&str; 4] = [PAYMENTS, INVENTORY, SHIPMENTS, COMMANDS];
/// Partitions of each topic that comes in.
const PARTITIONS: u32 = 4;
/// Between a message's key and its value.
const KEY_END: char = '\t';

/// A broker of the test's own.
pub(crate) struct Queue {
    pub(crate) kafka: Arc<Kafka>,
}

/// A message as it is written: one line.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) topic: &'static str,
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A dead letter as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) key: String,
    pub(crate) headers: String,
    pub(crate) value: Vec<u8>,
}

impl Queue {
    /// Starts a broker and makes the topics. Blocks.
    pub(crate) async fn start() -> Queue {
        let start = || {
            let kafka = Kafka::start(Options::default());
            let mut topics: Vec<Topic> = INBOUND.map(|name| Topic::new(name, PARTITIONS)).to_vec();
            topics.push(Topic::new(DEAD_LETTERS, 1));
            kafka.create_topics(&topics);
            Queue::of(Arc::new(kafka))
        };
        tokio::task::spawn_blocking(start).await.unwrap()
    }

    /// On a broker that somebody else has started, and whose topics somebody else makes.
    pub(crate) fn of(kafka: Arc<Kafka>) -> Queue {
        Queue { kafka }
    }

    /// The environment of a service that consumes from here.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("KAFKA_BROKERS", self.kafka.bootstrap())]
    }

    /// Writes structured events, those of a topic in their order; returns when the broker has them.
    pub(crate) async fn send(&self, messages: &[Sent]) {
        for topic in INBOUND {
            let of_topic = messages.iter().filter(|message| message.topic == topic);
            let mut lines = String::new();
            for Sent { key, value, .. } in of_topic {
                writeln!(lines, "{key}{KEY_END}{value}").unwrap();
            }
            if !lines.is_empty() {
                let headers = ["content-type=application/cloudevents+json"];
                self.write(topic, &headers, lines.into_bytes()).await;
            }
        }
    }

    /// Writes lines of key and value to a topic, each with these headers.
    pub(crate) async fn write(&self, topic: &str, headers: &[&str], lines: Vec<u8>) {
        let key_end = KEY_END.to_string();
        let mut words = vec!["-P", "-t", topic, "-K", &key_end, "-z", "none"];
        // As Java's producers choose a partition; all acknowledged.
        words.extend(["-X", "partitioner=murmur2_random", "-X", "acks=all"]);
        for header in headers {
            words.extend(["-H", header]);
        }
        self.kcat(&words, lines).await;
    }

    /// Every dead letter so far, oldest first.
    pub(crate) async fn dead_letters(&self) -> Vec<Letter> {
        // Lengths stand before what may be any bytes; headers are text, and end with a byte that is none.
        let words = [
            "-C",
            "-e",
            "-q",
            "-o",
            "beginning",
            "-t",
            DEAD_LETTERS,
            "-f",
        ];
        let words = [&words[..], &["%K %S %k%s%h\\x03"]].concat();
        let mut rest = &self.kcat(&words, Vec::new()).await[..];
        let mut letters = Vec::new();
        while !rest.is_empty() {
            let [key, value] = [length(&mut rest), length(&mut rest)];
            let (key, after) = rest.split_at(key);
            let (value, after) = after.split_at(value);
            let end = after.iter().position(|byte| *byte == 3).unwrap();
            letters.push(Letter {
                key: String::from_utf8_lossy(key).into_owned(),
                value: value.to_vec(),
                headers: String::from_utf8_lossy(&after[..end]).into_owned(),
            });
            rest = &after[end + 1..];
        }
        letters
    }

    /// So many dead letters there are, each as the contract tells it.
    pub(crate) async fn assert_letters_are_told(&self, count: usize) {
        let brokers = self.kafka.bootstrap();
        let reading = move || consumer::read(&brokers, DEAD_LETTERS);
        let letters = tokio::task::spawn_blocking(reading).await.unwrap();
        assert_eq!(letters.len(), count);
        let contract = Contract::of(&asyncapi());
        for letter in letters {
            let told = letter.told_as(&contract, DEAD_LETTERS);
            assert_eq!(told.as_deref(), Ok("dead-letter"), "{letter:?}");
        }
    }

    async fn kcat(&self, words: &[&str], input: Vec<u8>) -> Vec<u8> {
        let mut command = Command::new("kcat");
        command.arg("-b").arg(self.kafka.bootstrap()).args(words);
        let run = move || {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("install the Debian package kcat");
            let mut pipe = child.stdin.take().unwrap();
            let writing = std::thread::spawn(move || pipe.write_all(&input));
            let output = child.wait_with_output().unwrap();
            writing
                .join()
                .unwrap()
                .expect("kcat reads what it is given");
            let complained = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "kcat: {complained}");
            output.stdout
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

/// A number and the space behind it; what is not there (-1) has no bytes.
fn length(rest: &mut &[u8]) -> usize {
    let end = rest.iter().position(|byte| *byte == b' ').unwrap();
    let text = std::str::from_utf8(&rest[..end]).unwrap();
    *rest = &rest[end + 1..];
    text.parse().unwrap_or(0)
}
