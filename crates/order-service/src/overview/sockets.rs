//! What each socket of the process is for, by the ports that are configured.

use crate::config::Config;
use crate::partners::{self, Partner};
use crate::summary::Listening;
use adapter_management::{Socket, Sockets};
use planes::{Device, Plane, PlaneKind, Protocol, SeenSocket, SocketState};
use std::net::SocketAddr;

/// More are counted, and not shown.
const MAX_SHOWN: usize = 200;
/// Where name servers listen (RFC 1035, section 4.2).
const DNS_PORT: u16 = 53;

/// The roles by port.
pub(crate) struct Roles {
    listeners: Vec<(u16, PlaneKind, &'static str)>,
    partners: Vec<Partner>,
    planes: Vec<Plane>,
}

impl Roles {
    pub(crate) fn of(config: &Config, listening: &Listening) -> Roles {
        let data = PlaneKind::Data;
        Roles {
            listeners: vec![
                (listening.rest.port(), data, "REST"),
                (listening.grpc.port(), data, "gRPC"),
                (
                    listening.management.port(),
                    PlaneKind::Management,
                    "management",
                ),
            ],
            partners: partners::of(config),
            planes: config.planes.all().into_iter().cloned().collect(),
        }
    }

    /// The first of them, listeners first, each with its role.
    pub(super) fn show(&self, seen: &[SeenSocket]) -> Sockets {
        let mut all: Vec<(bool, Socket)> = seen
            .iter()
            .map(|socket| (!listens(socket), self.shown(socket)))
            .collect();
        all.sort_unstable();
        Sockets {
            total: all.len(),
            shown: all
                .into_iter()
                .take(MAX_SHOWN)
                .map(|(_, socket)| socket)
                .collect(),
        }
    }

    fn shown(&self, socket: &SeenSocket) -> Socket {
        let (plane, role) = self.role(socket);
        let device = socket.device.as_ref();
        let name = |device: &Device| device.name.as_deref().unwrap_or("gone").to_owned();
        Socket {
            plane: plane.map(|plane| plane.name().to_owned()),
            role,
            local: socket.local.to_string(),
            peer: socket.peer.map(|peer| peer.to_string()),
            interface: device.map(name),
            state: socket.state.to_string(),
        }
    }

    fn role(&self, socket: &SeenSocket) -> (Option<PlaneKind>, String) {
        let own = socket.local.port();
        let is_tcp = socket.protocol == Protocol::Tcp;
        let listener = self.listeners.iter().find(|(port, ..)| *port == own);
        if let Some((_, plane, name)) = listener.filter(|_| is_tcp) {
            // The probes' own listeners share the port of REST, on other interfaces.
            let probes = *plane == PlaneKind::Data && self.is_elsewhere(socket, *plane);
            let (plane, name) = if probes {
                (PlaneKind::Default, "probes")
            } else {
                (*plane, *name)
            };
            let kind = if listens(socket) {
                "listener"
            } else {
                "caller"
            };
            return (Some(plane), format!("{name} {kind}"));
        }
        let by_device = self.plane_of_device(socket);
        let Some(peer) = socket.peer.as_ref().map(SocketAddr::port) else {
            return (by_device, format!("{} socket", socket.protocol));
        };
        if peer == DNS_PORT {
            return (by_device.or(Some(PlaneKind::Default)), "DNS".to_owned());
        }
        match self.partner(peer).filter(|_| is_tcp) {
            Some(partner) => (Some(partner.plane.kind()), partner.title.to_owned()),
            None => (by_device, format!("{} connection", socket.protocol)),
        }
    }

    /// Who is configured to be reached at this port, or else may be at any.
    fn partner(&self, port: u16) -> Option<&Partner> {
        let configured = |one: &&Partner| one.peers.iter().any(|peer| peer.port() == port);
        let by_port = self.partners.iter().find(configured);
        by_port.or_else(|| self.partners.iter().find(|one| one.any_port))
    }

    /// Whether the plane is bound, and the socket is not on its interface.
    fn is_elsewhere(&self, socket: &SeenSocket, plane: PlaneKind) -> bool {
        let bound = self.planes.iter().find(|known| known.kind() == plane);
        let interface = bound.and_then(Plane::interface);
        interface.is_some_and(|interface| device(socket) != Some(interface))
    }

    fn plane_of_device(&self, socket: &SeenSocket) -> Option<PlaneKind> {
        let device = device(socket)?;
        let bound = self.planes.iter();
        let mut bound = bound.filter(|plane| plane.interface() == Some(device));
        bound.next().map(Plane::kind)
    }
}

fn device(socket: &SeenSocket) -> Option<&str> {
    socket.device.as_ref()?.name.as_deref()
}

fn listens(socket: &SeenSocket) -> bool {
    socket.state == SocketState::LISTEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::read;
    use planes::Owner;

    fn roles() -> Roles {
        let config = read(
            &[
                ("DATABASE_URL", "postgres://me@10.30.0.10/orders"),
                ("KAFKA_BROKERS", "10.20.0.20:9092"),
            ],
            &[],
        );
        let config = config.unwrap();
        let bound = |kind, name| Plane::bound(kind, name).unwrap();
        Roles {
            listeners: vec![
                (8080, PlaneKind::Data, "REST"),
                (9091, PlaneKind::Management, "management"),
            ],
            partners: partners::of(&config),
            planes: vec![
                bound(PlaneKind::Default, "eth0"),
                bound(PlaneKind::Data, "net2"),
                bound(PlaneKind::Storage, "net3"),
            ],
        }
    }

    fn socket(local: &str, peer: Option<&str>, device: &str, state: SocketState) -> SeenSocket {
        SeenSocket {
            protocol: Protocol::Tcp,
            local: local.parse().unwrap(),
            peer: peer.map(|peer| peer.parse().unwrap()),
            state,
            device: (!device.is_empty()).then(|| Device {
                index: 2,
                name: Some(device.into()),
            }),
            inode: 1,
            uid: 0,
            owner: Owner::Own,
        }
    }

    #[test]
    fn roles_are_known_by_ports_and_interfaces() {
        let (listen, up) = (SocketState::LISTEN, SocketState::ESTABLISHED);
        let peer = |text| Some(text);
        for (socket, plane, role) in [
            (
                socket("0.0.0.0:8080", None, "net2", listen),
                "data",
                "REST listener",
            ),
            (
                socket("127.0.0.1:8080", None, "lo", listen),
                "default",
                "probes listener",
            ),
            (
                socket("10.244.0.5:8080", peer("10.244.0.1:1"), "eth0", up),
                "default",
                "probes caller",
            ),
            (
                socket("10.20.0.1:8080", peer("10.20.0.9:1"), "net2", up),
                "data",
                "REST caller",
            ),
            (
                socket("10.30.0.1:4000", peer("10.30.0.2:5432"), "net3", up),
                "storage",
                "PostgreSQL",
            ),
            (
                socket("10.20.0.1:4000", peer("10.20.0.2:19092"), "net2", up),
                "data",
                "Kafka",
            ),
            (
                socket("10.244.0.5:4000", peer("10.96.0.10:53"), "eth0", up),
                "default",
                "DNS",
            ),
        ] {
            let (found, told) = roles().role(&socket);
            assert_eq!((found.unwrap().name(), told.as_str()), (plane, role));
        }
        let stray = socket("10.244.0.5:4000", None, "", up);
        assert_eq!(roles().role(&stray), (None, "tcp socket".to_owned()));
    }

    #[test]
    fn many_are_counted_and_the_first_are_shown() {
        let (listen, up) = (SocketState::LISTEN, SocketState::ESTABLISHED);
        let mut all: Vec<SeenSocket> = (0..300)
            .map(|number| {
                let peer = format!("10.20.0.9:{}", 1000 + number);
                socket("10.20.0.1:8080", Some(&peer), "net2", up)
            })
            .collect();
        all.push(socket("0.0.0.0:8080", None, "net2", listen));
        let shown = roles().show(&all);
        assert_eq!((shown.total, shown.shown.len()), (301, MAX_SHOWN));
        assert_eq!(shown.shown[0].role, "REST listener");
        assert_eq!(shown.shown[0].interface.as_deref(), Some("net2"));
    }
}
