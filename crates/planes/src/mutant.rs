//! Mistakes on purpose, which the network lab must catch: whoever builds with the feature `mutants` chooses one.
//! Without the feature, as in everything that ships, none can be made.

#[cfg(not(feature = "mutants"))]
use crate::Plane;
#[cfg(not(feature = "mutants"))]
use std::net::SocketAddr;

/// A mistake that somebody could make in this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "mutants"),
    expect(dead_code, reason = "told apart by mutants alone")
)]
pub(crate) enum Mutant {
    /// Connections are not bound to a device.
    NoBind,
    /// Nothing is bound to a device, all to the address of the plane's interface.
    AddressOnly,
    /// Listeners are bound to their device after `listen`.
    BindAfterListen,
    /// The storage plane's sockets are bound to the data plane's device.
    WrongPlane,
    /// Names of peers are asked of the C library.
    Getaddrinfo,
    /// A datagram names its interface itself, past the binding of its socket.
    PacketInfo,
    /// Sockets whose interface is gone are kept.
    StaleIndex,
}

#[cfg(not(feature = "mutants"))]
pub(crate) const fn is(_mutant: Mutant) -> bool {
    false
}

/// The device of what connects by the plane.
#[cfg(not(feature = "mutants"))]
pub(crate) fn device_of(plane: &Plane) -> Option<&str> {
    plane.interface()
}

/// Where the plane's listeners listen.
#[cfg(not(feature = "mutants"))]
pub(crate) fn address_of_listener(_plane: &Plane, address: SocketAddr) -> SocketAddr {
    address
}

#[cfg(feature = "mutants")]
mod on_purpose;
#[cfg(feature = "mutants")]
pub use on_purpose::{Elsewhere, make_mistake};
#[cfg(feature = "mutants")]
pub(crate) use on_purpose::{address_of_listener, device_of, is};
