//! What makes a socket a violation; [`Violation`] says it in words. No kernel is asked here.

use super::socket::{Owner, SeenSocket, Violation};
use crate::Plane;
use crate::interfaces::{Interfaces, LinkState};
use crate::plane::LOOPBACK_INTERFACE;
use std::net::IpAddr;

/// The planes, as far as they tell where a socket may be.
#[derive(Debug)]
pub(super) struct Rules {
    bound: Vec<Plane>,
    /// A plane has no interface, so its sockets are unbound and cannot be told from strays.
    some_unbound: bool,
}

impl Rules {
    pub(super) fn new(planes: Vec<Plane>) -> Rules {
        let some_unbound = planes.iter().any(|plane| plane.interface().is_none());
        let mut bound = planes;
        bound.retain(|plane| {
            plane
                .interface()
                .is_some_and(|name| name != LOOPBACK_INTERFACE)
        });
        Rules {
            bound,
            some_unbound,
        }
    }

    /// The socket as a violation, or nothing where it may be as it is.
    pub(super) fn judge(&self, socket: &SeenSocket, interfaces: &Interfaces) -> Option<Violation> {
        if self.bound.is_empty() || is_local(socket) {
            return None;
        }
        let expected = match self.misplaced(socket, interfaces) {
            Some(plane) => Some(plane.clone()),
            None if self.is_stray(socket) => None,
            None => return None,
        };
        Some(Violation {
            expected,
            socket: socket.clone(),
            new: false,
            ended: false,
            short_lived: false,
        })
    }

    /// The plane to which one of the socket's addresses belongs, if it is not bound to that. Where two
    /// planes' subnets overlap (NET008), either will do.
    fn misplaced<'a>(
        &'a self,
        socket: &SeenSocket,
        interfaces: &'a Interfaces,
    ) -> Option<&'a Plane> {
        let device = socket.device.as_ref().map(|device| device.index);
        let on_its_plane = |link: &LinkState| Some(link.index) == device;
        let peer = socket.peer.map(|peer| peer.ip());
        let addresses = std::iter::once(socket.local.ip()).chain(peer);
        for address in addresses.filter(|address| !address.is_unspecified()) {
            let mut of_address = self.planes_of(address, interfaces).peekable();
            let first = of_address.peek().map(|(plane, _)| *plane);
            if !of_address.any(|(_, link)| on_its_plane(link)) && first.is_some() {
                return first;
            }
        }
        None
    }

    fn planes_of<'a>(
        &'a self,
        address: IpAddr,
        interfaces: &'a Interfaces,
    ) -> impl Iterator<Item = (&'a Plane, &'a LinkState)> {
        self.bound.iter().filter_map(move |plane| {
            let link = interfaces.of_plane(plane)?;
            link.reaches(address).then_some((plane, link))
        })
    }

    fn is_stray(&self, socket: &SeenSocket) -> bool {
        socket.owner == Owner::Own && socket.device.is_none() && !self.some_unbound
    }
}

/// Whether it leaves by no interface: on loopback, or bound to one that is gone.
fn is_local(socket: &SeenSocket) -> bool {
    let by_device = socket.device.as_ref().is_some_and(|device| {
        device
            .name
            .as_deref()
            .is_none_or(|name| name == LOOPBACK_INTERFACE)
    });
    by_device
        || socket.local.ip().is_loopback()
        || socket.peer.is_some_and(|p| p.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::socket::{Device, Protocol, SocketState};
    use super::*;
    use crate::{InterfaceAddress, Mac, PlaneKind};
    use std::net::SocketAddr;

    const SUBNET_BITS: u8 = 24;

    fn link(index: u32, name: &str, address: &str) -> LinkState {
        let address = address.parse().unwrap();
        LinkState {
            name: name.to_owned(),
            index,
            mac: Mac::default(),
            admin_up: true,
            carrier: true,
            carrier_changes: 1,
            mtu: 1_500,
            kind: String::new(),
            addresses: vec![InterfaceAddress {
                address,
                subnet: address,
                prefix_bits: SUBNET_BITS,
                usable: true,
                dynamic: false,
            }],
        }
    }

    fn interfaces() -> Interfaces {
        let eth0 = link(2, "eth0", "10.0.0.5");
        let net1 = link(3, "net1", "10.20.0.5");
        let net2 = link(4, "net2", "10.30.0.5");
        [eth0, net1, net2].into_iter().collect()
    }

    fn rules() -> Rules {
        let plane = |kind, name| Plane::bound(kind, name).unwrap();
        Rules::new(vec![
            plane(PlaneKind::Default, "eth0"),
            plane(PlaneKind::Data, "net1"),
            plane(PlaneKind::Storage, "net2"),
        ])
    }

    fn socket(device: u32, local: &str, peer: &str) -> SeenSocket {
        let port = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 8080);
        let name = interfaces()
            .by_index(device)
            .map(|link| link.name.as_str().into());
        SeenSocket {
            protocol: Protocol::Tcp,
            local: port(local),
            peer: (!peer.is_empty()).then(|| port(peer)),
            state: SocketState::ESTABLISHED,
            device: (device != 0).then_some(Device {
                index: device,
                name,
            }),
            inode: 1,
            uid: 65_534,
            owner: Owner::Foreign { uid: 65_534 },
        }
    }

    /// The expected plane of a violation; `any` where no address tells it.
    fn judged(socket: &SeenSocket) -> Option<&'static str> {
        let violation = rules().judge(socket, &interfaces())?;
        Some(violation.plane_name())
    }

    #[test]
    fn each_address_is_held_against_the_planes_by_itself() {
        for (device, local, peer, expected) in [
            (3, "10.20.0.5", "10.20.0.9", None),
            // A peer behind a gateway.
            (3, "10.20.0.5", "192.0.2.1", None),
            (3, "0.0.0.0", "", None),
            (0, "10.20.0.5", "192.0.2.1", Some("data")),
            (0, "0.0.0.0", "10.30.0.9", Some("storage")),
            (4, "10.20.0.5", "", Some("data")),
            (3, "10.20.0.5", "10.30.0.9", Some("storage")),
            // Another's, and no plane's address.
            (0, "0.0.0.0", "", None),
            (0, "192.0.2.5", "192.0.2.1", None),
            (0, "127.0.0.1", "", None),
        ] {
            let judged = judged(&socket(device, local, peer));
            assert_eq!(judged, expected, "{device} {local} {peer}");
        }
    }

    #[test]
    fn an_own_one_must_be_bound_but_on_loopback() {
        for (device, local, peer, expected) in [
            (0, "0.0.0.0", "", Some("any")),
            (0, "192.0.2.5", "192.0.2.1", Some("any")),
            (0, "127.0.0.1", "127.0.0.1", None),
            (0, "::1", "", None),
            (2, "0.0.0.0", "", None),
        ] {
            let own = SeenSocket {
                owner: Owner::Own,
                ..socket(device, local, peer)
            };
            assert_eq!(judged(&own), expected, "{device} {local} {peer}");
        }
    }

    #[test]
    fn on_a_subnet_that_two_planes_share_either_will_do() {
        let shared = || {
            let net1 = link(3, "net1", "10.20.0.5");
            let net2 = link(4, "net2", "10.20.0.6");
            [net1, net2].into_iter().collect::<Interfaces>()
        };
        for (device, allowed) in [(3, true), (4, true), (2, false), (0, false)] {
            let socket = socket(device, "10.20.0.5", "10.20.0.9");
            let violation = rules().judge(&socket, &shared());
            assert_eq!(violation.is_none(), allowed, "{device}");
        }
    }

    #[test]
    fn where_nothing_is_bound_nothing_is_held_against() {
        let planes = vec![Plane::unbound(PlaneKind::Data), Plane::loopback()];
        let socket = socket(0, "10.20.0.5", "");
        assert_eq!(Rules::new(planes).judge(&socket, &interfaces()), None);
    }
}
