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
