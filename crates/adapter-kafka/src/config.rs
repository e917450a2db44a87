//! Where the brokers are, and every bound of the adapter.

use planes::{BlockingResolver, Plane, PlaneKind};
use std::path::PathBuf;
use std::time::Duration;

/// How Kafka is reached.
#[derive(Clone, Debug)]
pub struct Config {
    /// `host:port` of some brokers, separated by commas; they tell the others.
    pub brokers: String,
    /// The plane by which every connection goes.
    pub plane: Plane,
    /// Who finds the addresses of brokers that are named, or that others tell by name.
    pub resolver: BlockingResolver,
    /// TLS to the brokers; without it everything is in clear.
    pub tls: Option<Tls>,
    /// Names this deployment: the prefix of the transactional ids, the consumer group and
    /// `client.id`.
    pub cluster: String,
    /// The topics' names.
    pub topics: Topics,
    /// How long a broker may take to take a connection and to answer.
    pub request_timeout: Duration,
    /// How long a transaction may take, from its first event to its commit. Above it the broker aborts
    /// it, so this is also how long consumers may wait for a service of which nobody takes over.
    pub transaction_timeout: Duration,
    /// Whether topics that are missing are made.
    pub create_topics: bool,
    /// How the topics are made that are missing.
    pub new_topics: NewTopics,
    /// Bytes of an event's message at most; where the topic allows less, that counts. A larger event is
    /// published without its order.
    pub max_event_bytes: usize,
}

/// How topics are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopics {
    /// Partitions of a topic that carries messages: so many of its consumers work side by side. A broker
    /// takes each partition of a transaction for itself, which is 1 to 2 ms more for every event.
    pub partitions: u32,
    /// Partitions of the cursor topic: one for each partition of the feed.
    pub cursor_partitions: u32,
    /// Replicas, where there are as many brokers.
    pub most_replicas: u32,
    /// How long messages are kept.
    pub retention: Duration,
}

impl Default for NewTopics {
    fn default() -> NewTopics {
        NewTopics {
            partitions: 6,
            cursor_partitions: 1,
            most_replicas: 3,
            retention: Duration::from_hours(7 * 24),
        }
    }
}

/// The names of the topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Facts about money, in.
    pub payments: String,
    /// Facts about stock, in.
    pub inventory: String,
    /// Facts about parcels and returns, in.
    pub shipments: String,
    /// Commands, in.
    pub commands: String,
    /// Events of orders, out.
    pub events: String,
    /// How far each partition of the feed has been published; compacted.
    pub cursors: String,
    /// What could not be understood, out.
    pub dead_letters: String,
}

impl Default for Topics {
    fn default() -> Topics {
        Topics {
            payments: "payments.events.v1".to_owned(),
            inventory: "inventory.events.v1".to_owned(),
            shipments: "shipments.events.v1".to_owned(),
            commands: "orders.commands.v1".to_owned(),
            events: "orders.events.v1".to_owned(),
            cursors: "orders.feed-cursors.v1".to_owned(),
            dead_letters: "orders.dead-letter.v1".to_owned(),
        }
    }
}

/// TLS to the brokers: PEM files, read when a client is made, so that a client made after a
/// certificate was replaced has the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate authority that the brokers' certificates must come from.
    pub ca: PathBuf,
    /// The client's certificate and key, for brokers that ask for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Config {
    /// The default bounds with these brokers.
    pub fn at(brokers: impl Into<String>) -> Config {
        Config {
            brokers: brokers.into(),
            plane: Plane::unbound(PlaneKind::Data),
            resolver: BlockingResolver::new(Plane::unbound(PlaneKind::Default)),
            tls: None,
            cluster: "orders".to_owned(),
            topics: Topics::default(),
            request_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(30),
            create_topics: true,
            new_topics: NewTopics::default(),
            max_event_bytes: 8 * 1024 * 1024,
        }
    }
}
