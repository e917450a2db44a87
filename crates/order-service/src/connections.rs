//! How many connections each plane carries, how many of them are not encrypted, and how many were refused.
//!
//! Connections of listeners are counted by the listeners. What the service connects to is seen by the
//! audit of sockets, so where a plane is bound; it is known by the port at the other end.

use crate::config::{Config, Database};
use crate::listeners::Listeners;
use crate::secured::Secured;
use adapter_postgres::Address;
use planes::{ListenerStats, Owner, PlaneKind, Protocol, SeenSocket, SocketState};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::time::Duration;
use tls::{Security, Why};
use tokio::sync::watch;
use tokio::time::timeout;

/// How often listeners are asked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The plane, and whose connections: `listener="http"`, `client="redis"`.
type Label = [(&'static str, &'static str); 2];

/// What is counted of connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionMetrics {
    all: Family<Label, Gauge>,
    unencrypted: Family<Label, Gauge>,
    refused: Family<[(&'static str, &'static str); 3], Counter>,
}

impl ConnectionMetrics {
    pub(crate) fn new(registry: &mut Registry) -> ConnectionMetrics {
        let metrics = ConnectionMetrics::default();
        registry.register(
            "plane_connections",
            "Connections of a plane now: of each listener, and of each client where the plane is bound",
            metrics.all.clone(),
        );
        registry.register(
            "plane_connections_unencrypted",
            "Those of plane_connections that are not encrypted",
            metrics.unencrypted.clone(),
        );
        registry.register(
            "plane_refused",
            "Connections that were turned away before anything could be asked by them, by reason",
            metrics.refused.clone(),
        );
        metrics
    }

    fn set(&self, label: &Label, count: usize, encrypted: bool) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.all.get_or_create(label).set(count);
        let unencrypted = if encrypted { 0 } else { count };
        self.unencrypted.get_or_create(label).set(unencrypted);
    }
}

/// The listeners, each with its plane and how it is secured.
pub(crate) struct Doors(Vec<Door>);

struct Door {
    label: Label,
    security: Security,
    stats: Vec<ListenerStats>,
}

impl Doors {
    /// Those of the service, before they serve.
    pub(crate) fn of(listeners: &Listeners, secured: &Secured) -> Doors {
        let data = PlaneKind::Data.name();
        let door = |plane, listener, security: &Security, stats| Door {
            label: [("plane", plane), ("listener", listener)],
            security: security.clone(),
            stats,
        };
        let probes = listeners.probes.iter().map(planes::Listener::stats);
        Doors(vec![
            door(data, "http", &secured.http, listeners.rest.stats()),
            door(data, "grpc", &secured.grpc, listeners.grpc.stats()),
            door(
                PlaneKind::Management.name(),
                "mgmt",
                &secured.management,
                vec![listeners.management.stats()],
            ),
            door(
                PlaneKind::Default.name(),
                "probes",
                &Security::none(),
                probes.collect(),
            ),
        ])
    }

    /// Counts, and tells of who was turned away, until `stop` turns true.
    pub(crate) async fn look_after(
        self,
        metrics: ConnectionMetrics,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            for door in &self.0 {
                door.look(&metrics);
            }
            if timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
                .await
                .is_ok()
            {
                return;
            }
        }
    }
}

impl Door {
    fn look(&self, metrics: &ConnectionMetrics) {
        let open = self.stats.iter().map(ListenerStats::open_connections);
        let encrypted = self.security.acceptor().is_some();
        metrics.set(&self.label, open.sum(), encrypted);
        let [plane, listener] = self.label;
        let mut refused = 0;
        for why in Why::ALL {
            let label = [plane, listener, ("reason", why.as_str())];
            let count = self.security.refused(why);
            refused += count;
            // From 0 on: an alert cannot see a series rise that begins with its first refusal.
            let counter = metrics.refused.get_or_create(&label);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
        if let Some(reason) = self.security.take_last_refusal() {
            let listener = listener.1;
            tracing::warn!(listener, reason, refused, "clients were turned away");
        }
    }
}

/// Whom the service connects to.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    known: Vec<Client>,
    /// Ports that the service listens on: what comes in by them is no client's.
    listened: Vec<u16>,
}

#[derive(Clone, Debug)]
struct Client {
    label: Label,
    encrypted: bool,
    /// The port at the other end; `None`: any that is nobody else's.
    port: Option<u16>,
}

impl Clients {
    /// Those that are configured.
    pub(crate) fn of(config: &Config, listeners: &Listeners) -> Clients {
        let (storage, data) = (PlaneKind::Storage.name(), PlaneKind::Data.name());
        let client = |plane, name, encrypted, port| Client {
            label: [("plane", plane), ("client", name)],
            encrypted,
            port,
        };
        let mut known = Vec::new();
        if let Database::Postgres(postgres) = &config.database
            && let Address::Tcp(peer) = &postgres.address
        {
            let encrypted = postgres.tls.is_some();
            known.push(client(storage, "database", encrypted, Some(peer.port())));
        }
        if let Some(redis) = &config.shared.redis {
            let (encrypted, port) = (redis.tls.is_some(), redis.peer.port());
            known.push(client(storage, "redis", encrypted, Some(port)));
        }
        if let Some(kafka) = &config.kafka {
            // Brokers tell each other's addresses, which need not be on the port that was configured.
            known.push(client(data, "kafka", kafka.client.tls.is_some(), None));
        }
        let told = listeners.told();
        let listened = [told.rest, told.grpc, told.management];
        let probes = listeners.probes.iter().map(planes::Listener::local_addr);
        let listened = listened.into_iter().chain(probes);
        Clients {
            known,
            listened: listened.map(|address| address.port()).collect(),
        }
    }

    /// Counts the connections among these sockets.
    pub(crate) fn count(&self, sockets: &[SeenSocket], metrics: &ConnectionMetrics) {
        let mut counts = vec![0; self.known.len()];
        let peers = sockets.iter().filter_map(|socket| self.peer_port(socket));
        for port in peers {
            let by_port = |client: &Client| client.port == Some(port);
            let any = || self.known.iter().position(|client| client.port.is_none());
            if let Some(found) = self.known.iter().position(by_port).or_else(any) {
                counts[found] += 1;
            }
        }
        for (client, count) in self.known.iter().zip(counts) {
            metrics.set(&client.label, count, client.encrypted);
        }
    }

    /// The port at the other end, of what this process has connected to.
    fn peer_port(&self, socket: &SeenSocket) -> Option<u16> {
        let connected = socket.owner == Owner::Own
            && socket.protocol == Protocol::Tcp
            && socket.state == SocketState::ESTABLISHED
            && !self.listened.contains(&socket.local.port());
        socket.peer.filter(|_| connected).map(|peer| peer.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn socket(local: u16, peer: u16, owner: Owner, state: SocketState) -> SeenSocket {
        let at = |port| SocketAddr::from(([10, 30, 0, 1], port));
        SeenSocket {
            protocol: Protocol::Tcp,
            local: at(local),
            peer: Some(at(peer)),
            state,
            device: None,
            inode: 1,
            uid: 0,
            owner,
        }
    }

    #[test]
    fn clients_are_known_by_the_port_at_the_other_end() {
        let client = |name, encrypted, port| Client {
            label: [("plane", "storage"), ("client", name)],
            encrypted,
            port,
        };
        let clients = Clients {
            known: vec![
                client("database", false, Some(5432)),
                client("redis", true, Some(6379)),
                client("kafka", false, None),
            ],
            listened: vec![8080],
        };
        let (own, up) = (Owner::Own, SocketState::ESTABLISHED);
        let sockets = [
            socket(40_000, 5432, own, up),
            socket(40_001, 5432, own, up),
            socket(40_002, 6379, own, up),
            socket(40_003, 19_092, own, up),
            // A caller's, another's, and one that does not listen to anybody any more.
            socket(8080, 5432, own, up),
            socket(40_004, 5432, Owner::Foreign { uid: 7 }, up),
            socket(40_005, 5432, own, SocketState::LISTEN),
        ];
        let metrics = ConnectionMetrics::default();
        clients.count(&sockets, &metrics);
        for (name, all, unencrypted) in [("database", 2, 2), ("redis", 1, 0), ("kafka", 1, 1)] {
            let label = [("plane", "storage"), ("client", name)];
            let told = [&metrics.all, &metrics.unencrypted];
            let told = told.map(|family| family.get_or_create(&label).get());
            assert_eq!(told, [all, unencrypted], "{name}");
        }
        clients.count(&[], &metrics);
        let label = [("plane", "storage"), ("client", "kafka")];
        assert_eq!(metrics.all.get_or_create(&label).get(), 0);
    }
}
