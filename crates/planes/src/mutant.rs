//! Mistakes on purpose, which the network lab must catch (feature `mutants`, `PLANES_MUTANT` names one).
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
pub(crate) use on_purpose::{address_of_listener, device_of, is};

#[cfg(feature = "mutants")]
mod on_purpose {
    use super::Mutant;
    use crate::source::source_for;
    use crate::{Plane, PlaneKind};
    use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};
    use std::io::IoSlice;
    use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
    use std::os::fd::AsRawFd;
    use std::sync::{LazyLock, Once};
    use std::time::Duration;

    /// Far beyond what the lab's other peers have.
    const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 30, 0, 250);
    /// Of no network (RFC 5737): the plane's own address, whoever asks.
    const ANYBODY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    static DATA_INTERFACE: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("DATA_INTERFACE").ok());
    static CHOSEN: LazyLock<Option<Mutant>> = LazyLock::new(|| {
        Some(match std::env::var("PLANES_MUTANT").ok()?.as_str() {
            "no-bind" => Mutant::NoBind,
            "address-only" => Mutant::AddressOnly,
            "bind-after-listen" => Mutant::BindAfterListen,
            "wrong-plane" => Mutant::WrongPlane,
            "getaddrinfo" => Mutant::Getaddrinfo,
            "packet-info" => Mutant::PacketInfo,
            "stale-index" => Mutant::StaleIndex,
            other => panic!("PLANES_MUTANT={other}: no such mutant"),
        })
    });

    pub(crate) fn is(mutant: Mutant) -> bool {
        *CHOSEN == Some(mutant)
    }

    pub(crate) fn device_of(plane: &Plane) -> Option<&str> {
        let storage = plane.kind() == PlaneKind::Storage;
        if storage && is(Mutant::PacketInfo) {
            static ONCE: Once = Once::new();
            let plane = plane.clone();
            ONCE.call_once(|| _ = std::thread::spawn(move || speak_past(&plane)));
        }
        if is(Mutant::NoBind) || is(Mutant::AddressOnly) {
            None
        } else if storage && is(Mutant::WrongPlane) {
            DATA_INTERFACE.as_deref()
        } else {
            plane.interface()
        }
    }

    pub(crate) fn address_of_listener(plane: &Plane, address: SocketAddr) -> SocketAddr {
        let own = source_for(plane, ANYBODY.into()).filter(|_| is(Mutant::AddressOnly));
        own.map_or(address, |own| SocketAddr::new(own, address.port()))
    }

    /// Sends datagrams to the storage network ten times a second, from a socket that is bound to the plane,
    /// by the interface that has the number in `PLANES_MUTANT_INDEX`.
    fn speak_past(plane: &Plane) {
        let index = std::env::var("PLANES_MUTANT_INDEX").ok();
        let index: i32 = index.and_then(|text| text.parse().ok()).unwrap_or(1);
        let peer = SocketAddrV4::new(NOBODY, 9);
        let socket = crate::tcp::new_socket_of(
            plane,
            peer.into(),
            socket2::Type::DGRAM,
            socket2::Protocol::UDP,
        );
        let socket = socket.unwrap_or_else(|error| panic!("{error}"));
        let info = nix::libc::in_pktinfo {
            ipi_ifindex: index,
            ipi_spec_dst: nix::libc::in_addr { s_addr: 0 },
            ipi_addr: nix::libc::in_addr { s_addr: 0 },
        };
        loop {
            let words = [IoSlice::new(b"past")];
            let past = [ControlMessage::Ipv4PacketInfo(&info)];
            let to = SockaddrIn::from(peer);
            _ = sendmsg(
                socket.as_raw_fd(),
                &words,
                &past,
                MsgFlags::empty(),
                Some(&to),
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
