//! The sockets of the network namespace, each on the network that it is on, those that are alike as one line.

use crate::facts::{Facts, Traffic, Way};
use netcheck::pod::Plane;
use planes::{PlaneKind, Protocol, SeenSocket, SocketState};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Where name servers are asked.
pub(crate) const DNS_PORT: u16 = 53;
/// The loopback's device.
const LOOPBACK: &str = "lo";

/// Sockets that are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// What they do.
    pub kind: Kind,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Their own address; of connections that the service made, the other end's.
    pub address: SocketAddr,
    /// The interface that they are bound to; none: they are not.
    pub device: Option<String>,
    /// Whose they are: `uid 65534`, `own`, `nobody`.
    pub owner: String,
    /// What they carry; none: nothing that is configured.
    pub carries: Option<&'static str>,
    /// How many there are.
    pub count: usize,
}

/// What sockets do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// They wait for connections.
    Listener,
    /// Connections that others made.
    Callers,
    /// Connections that were made from here.
    To,
    /// They take datagrams of anybody.
    Datagrams,
}

/// The sockets by network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placed {
    /// In the order of the planes.
    pub(crate) networks: BTreeMap<&'static str, Vec<Line>>,
    /// Bound to another interface, or to none and with no address of a plane; the loopback's are left out.
    pub(crate) elsewhere: Vec<Line>,
}

/// Where a socket is.
enum Place {
    On(PlaneKind),
    Loopback,
    Elsewhere,
}

/// Puts every socket on its network.
pub(crate) fn place(facts: &Facts, sockets: &[SeenSocket]) -> Placed {
    let listened: BTreeSet<u16> = sockets
        .iter()
        .filter(|socket| socket.state == SocketState::LISTEN)
        .map(|socket| socket.local.port())
        .collect();
    let mut counted: BTreeMap<(Option<&'static str>, Line), usize> = BTreeMap::new();
    for socket in sockets {
        let Some(line) = line(socket, &listened) else {
            continue;
        };
        let on = match place_of(facts, socket, &line) {
            Place::Loopback => continue,
            Place::On(kind) => Some(kind),
            Place::Elsewhere => None,
        };
        let traffic = on.and_then(|kind| facts.traffic_of(kind).find(|one| is_of(&line, one)));
        let line = Line {
            carries: traffic.map(|traffic| traffic.what),
            ..line
        };
        *counted.entry((on.map(PlaneKind::name), line)).or_default() += 1;
    }
    let mut placed = Placed::default();
    for ((on, line), count) in counted {
        let lines = match on {
            Some(network) => placed.networks.entry(network).or_default(),
            None => &mut placed.elsewhere,
        };
        lines.push(Line { count, ..line });
    }
    placed
}

/// What is told of it; nothing of what is over, or has no port yet.
fn line(socket: &SeenSocket, listened: &BTreeSet<u16>) -> Option<Line> {
    let over = socket.protocol == Protocol::Tcp
        && [SocketState::TIME_WAIT, SocketState::CLOSED].contains(&socket.state);
    if over {
        return None;
    }
    let (kind, address) = match socket.peer {
        _ if socket.state == SocketState::LISTEN => (Kind::Listener, socket.local),
        None => (Kind::Datagrams, socket.local),
        Some(_) if listened.contains(&socket.local.port()) => (Kind::Callers, socket.local),
        Some(peer) => (Kind::To, peer),
    };
    let device = socket.device.as_ref();
    Some(Line {
        kind,
        protocol: socket.protocol.to_string(),
        address,
        device: device.map(|device| device.name.as_deref().unwrap_or("gone").to_owned()),
        owner: socket.owner.to_string(),
        carries: None,
        count: 1,
    })
}

fn place_of(facts: &Facts, socket: &SeenSocket, line: &Line) -> Place {
    let bound_to = |name: &str| {
        let planes = &mut facts.pod.planes.iter();
        planes.find(|plane| plane.interface.as_deref() == Some(name))
    };
    if let Some(device) = &line.device {
        // A plane may be the loopback for a trial.
        return match bound_to(device).and_then(kind_of) {
            Some(kind) => Place::On(kind),
            None if device == LOOPBACK => Place::Loopback,
            None => Place::Elsewhere,
        };
    }
    let ends = [Some(socket.local), socket.peer];
    let known: Vec<_> = ends
        .into_iter()
        .flatten()
        .map(|end| end.ip())
        .filter(|ip| !ip.is_unspecified())
        .collect();
    let covers = |plane: &&Plane| {
        let links = plane.link.iter();
        let own = links
            .flat_map(|link| &link.addresses)
            .filter(|own| !own.is_link_local());
        let mut own = own.filter(|own| known.iter().any(|ip| own.covers(*ip)));
        own.next().is_some()
    };
    let unbound = |kind: &PlaneKind| {
        facts.interface(*kind).is_none() && facts.traffic_of(*kind).any(|one| is_of(line, one))
    };
    let by_address = facts.pod.planes.iter().find(covers).and_then(kind_of);
    if let Some(kind) = by_address.or_else(|| PlaneKind::ALL.into_iter().find(unbound)) {
        return Place::On(kind);
    }
    if known.iter().any(std::net::IpAddr::is_loopback) {
        return Place::Loopback;
    }
    Place::Elsewhere
}

fn kind_of(plane: &Plane) -> Option<PlaneKind> {
    PlaneKind::ALL
        .into_iter()
        .find(|kind| kind.name() == plane.name)
}

/// Whether such a socket carries this.
fn is_of(line: &Line, traffic: &Traffic) -> bool {
    let known = |port: u16| traffic.ports.is_empty() || traffic.ports.contains(&port);
    match (traffic.way, line.kind) {
        (Way::In, Kind::Listener | Kind::Callers) | (Way::Out, Kind::To) => {
            known(line.address.port())
        }
        // Who asks a name server by UDP does not connect.
        (Way::Out, Kind::Datagrams) => traffic.ports.contains(&DNS_PORT),
        _ => false,
    }
}

impl Line {
    /// Whether it answers on every network of the pod. Who asks a name server by datagrams waits for nobody
    /// else.
    pub(crate) fn is_everywhere(&self) -> bool {
        let waits = match self.kind {
            Kind::Listener => true,
            Kind::Datagrams => self.carries.is_none(),
            Kind::Callers | Kind::To => false,
        };
        waits && self.device.is_none() && self.address.ip().is_unspecified()
    }

    /// `tcp 0.0.0.0:8080 listens ×2 (REST)`.
    pub(crate) fn words(&self) -> String {
        let Line {
            protocol, address, ..
        } = self;
        let does = match self.kind {
            Kind::Listener => format!("{protocol} {address} listens"),
            Kind::Callers => format!("{protocol} callers of {address}"),
            Kind::To => format!("{protocol} to {address}"),
            Kind::Datagrams => format!("{protocol} {address}"),
        };
        let times = match self.count {
            1 => String::new(),
            count => format!(" ×{count}"),
        };
        match self.carries {
            Some(what) => format!("{does}{times} ({what})"),
            None => format!("{does}{times} (of {})", self.owner),
        }
    }
}
