//! What the dashboard shows of a pod beside its health, as `/api/status` writes it.
//!
//! A section is `null` where it is not configured or not known; who reads it says so in words. Names ending
//! in `_total` are counters since the interface came up, `_per_second` are rates over the last few
//! seconds, `_seconds` are seconds. Lists are cut by whoever fills them: see each.

use serde::{Deserialize, Serialize};

/// One look at a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Which pod this is.
    pub pod: Pod,
    /// When it was looked at: RFC 3339, UTC.
    pub time: Option<String>,
    /// Every plane and the interface that carries it.
    pub interfaces: Option<Vec<Interface>>,
    /// The process's own sockets.
    pub sockets: Option<Sockets>,
    /// Orders by state.
    pub orders: Option<Orders>,
    /// What callers ask, by edge.
    pub traffic: Option<Vec<Traffic>>,
    /// How far the world is behind the feed; null without Kafka.
    pub feed: Option<Feed>,
    /// What is read from Kafka; null without Kafka.
    pub kafka: Option<Kafka>,
    /// What waits for an operator.
    pub repair: Option<Repair>,
    /// The replicas, this one among them.
    pub peers: Option<Peers>,
    /// What of the cluster isolates the planes.
    pub policies: Option<Policies>,
    /// Sockets that were not on their plane; null where no plane is bound, so that none can be off it.
    pub violations: Option<Violations>,
    /// How much of the traffic is encrypted, and how long the certificates last.
    pub encryption: Option<Encryption>,
}

/// A pod's names; null where the environment does not tell them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// `POD_NAME`.
    pub name: Option<String>,
    /// `NODE_NAME`.
    pub node: Option<String>,
}

/// A plane's interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// `default`, `management`, `data`, `storage`.
    pub plane: String,
    /// Its name in the pod; null: the plane is not bound to one.
    pub interface: Option<String>,
    /// Whether the plane can be used.
    pub up: bool,
    /// Why not, or what to know.
    pub detail: String,
    /// `10.20.0.1/24`.
    pub addresses: Vec<String>,
    /// The longest packet in bytes.
    pub mtu: Option<u32>,
    /// Bytes received.
    pub receive_bytes_total: Option<u64>,
    /// Bytes sent.
    pub transmit_bytes_total: Option<u64>,
    /// Null until it was looked at twice.
    pub receive_bytes_per_second: Option<f64>,
    /// Null until it was looked at twice.
    pub transmit_bytes_per_second: Option<f64>,
    /// Packets that were damaged, of both directions.
    pub errors_total: Option<u64>,
    /// Packets that were dropped, of both directions.
    pub dropped_total: Option<u64>,
}

/// The process's own sockets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sockets {
    /// How many there are.
    pub total: usize,
    /// The first of them, at most 200, listeners first.
    pub shown: Vec<Socket>,
}

/// A listener or a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// The plane that its role belongs to; null where its role is not known.
    pub plane: Option<String>,
    /// What it is for: `REST listener`, `PostgreSQL`.
    pub role: String,
    /// Its own address.
    pub local: String,
    /// The other end's.
    pub peer: Option<String>,
    /// The interface that it is bound to; null: to none.
    pub interface: Option<String>,
    /// As `ss` names it: `listening`, `established`.
    pub state: String,
}

/// Orders by state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Each state.
    pub states: Vec<OrdersInState>,
    /// Orders with a hold; null where they are not counted.
    pub held: Option<u64>,
    /// How old the counts are.
    pub counted_seconds_ago: u64,
}

/// How many orders are in a state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdersInState {
    /// `PENDING`.
    pub state: String,
    /// How many.
    pub count: u64,
    /// There are more: counting stopped here.
    pub capped: bool,
}

/// What callers ask of an edge. Null: too little was seen yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// `rest` or `grpc`.
    pub edge: String,
    /// Requests that were answered.
    pub requests_per_second: Option<f64>,
    /// Those that failed for a reason of ours: 5xx, and gRPC's codes of that kind.
    pub errors_per_second: Option<f64>,
    /// Orders that were placed one by one; those of a batch are counted with the batch.
    pub placed_per_second: Option<f64>,
    /// Half were answered within; over the last minute, or as long as it was looked.
    pub p50_seconds: Option<f64>,
    /// 99 of 100 were answered within; the same.
    pub p99_seconds: Option<f64>,
    /// Requests that are being answered.
    pub active: Option<u64>,
}

/// How far Kafka is behind the feed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Age of the oldest event that is not in Kafka, of the partitions that this pod publishes; null where
    /// it publishes none.
    pub lag_seconds: Option<f64>,
    /// Those partitions.
    pub partitions: Vec<FeedPartition>,
}

/// A partition of the feed that this pod publishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedPartition {
    /// Its number.
    pub partition: u16,
    /// Age of its oldest event that is not in Kafka.
    pub lag_seconds: Option<f64>,
    /// How many events are not.
    pub lag_events: Option<u64>,
    /// It stands still until an operator decides.
    pub halted: bool,
}

/// What is read from Kafka.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Messages of this pod's partitions that are not done; null where it reads none.
    pub consumer_lag_messages: Option<u64>,
    /// What is wrong, in words.
    pub trouble: Option<String>,
}

/// What waits for an operator. Counting stops somewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// Dead letters.
    pub dead_letters: u64,
    /// Facts that wait for their order.
    pub parked: u64,
    /// There are more of one or both.
    pub capped: bool,
}

/// The replicas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    /// Who told of them: `kubernetes` or `PEERS`.
    pub source: String,
    /// All of them.
    pub total: u64,
    /// Those that are ready.
    pub healthy: u64,
    /// Those that are not, or cannot be reached.
    pub unhealthy: u64,
    /// Each, at most 64.
    pub pods: Vec<Peer>,
    /// What is wrong with the finding, in words.
    pub trouble: Option<String>,
}

/// A replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// By which `/api/peers/{name}/status` is asked.
    pub name: String,
    /// Its node, where that is known.
    #[serde(default)]
    pub node: Option<String>,
    /// Its management address.
    pub address: Option<String>,
    /// Whether traffic may go there.
    pub ready: bool,
    /// Why not.
    pub why: Option<String>,
    /// What runs there.
    pub version: Option<String>,
    /// It is the pod that tells this.
    #[serde(rename = "self")]
    pub is_self: bool,
}

/// How many, or in words why that is not known: `not allowed`, `no such resource`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Counted {
    /// So many.
    Number(u64),
    /// Why not.
    Words(String),
}

impl Default for Counted {
    fn default() -> Self {
        Self::Words("not known".to_owned())
    }
}

/// What of the cluster isolates the planes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// Of the pod's default network.
    pub network_policies: Counted,
    /// Of its other networks.
    pub multi_network_policies: Counted,
    /// Networks that Multus knows.
    pub network_attachment_definitions: Counted,
    /// `yes`, `no`, `cannot tell`.
    pub enforced: String,
    /// The reason for that.
    pub why: String,
}

/// Sockets that were not on their plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violations {
    /// How many were seen in the last 24 hours, or since the start.
    pub last_24_hours: u64,
    /// What was seen most.
    pub top: Option<TopViolation>,
}

/// A kind of violation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopViolation {
    /// `order-service tried to reach the storage network from eth0`.
    pub words: String,
    /// How often.
    pub count: u64,
}

/// Encryption of the connections that stand now, and of the certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// Connections of the planes: of listeners, and of clients where their plane is bound.
    pub connections: u64,
    /// Those that are encrypted.
    pub encrypted: u64,
    /// Those whose client proved itself by a certificate.
    pub with_client_certificate: u64,
    /// Those that are not encrypted.
    pub unencrypted: u64,
    /// Each certificate that the service shows.
    pub certificates: Vec<Certificate>,
}

/// A certificate that the service shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Where it is shown.
    pub plane: String,
    /// `listener http`, `client database`.
    pub usage: String,
    /// Its subject.
    pub subject: String,
    /// Until when it is valid: RFC 3339, UTC.
    pub not_after: String,
    /// Whole days; below 0 it has expired.
    pub days_left: i64,
    /// Of its whole life, 0 to 100.
    pub life_left_percent: u8,
}
