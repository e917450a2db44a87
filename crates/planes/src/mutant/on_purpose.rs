//! The mistakes, as far as they are more than something left out.

use super::Mutant;
use crate::source::source_for;
use crate::{Plane, PlaneKind};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::sync::{Once, OnceLock};
use std::time::Duration;

/// Nobody has this address in the lab.
const NOBODY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 30, 0, 250), 9);
/// Of no network (RFC 5737): the plane's own address, whoever asks.
const ANYBODY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PAUSE: Duration = Duration::from_millis(100);

static CHOSEN: OnceLock<(Mutant, Elsewhere)> = OnceLock::new();

/// Where mistakes lead to.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The data plane's interface, for storage's sockets.
    pub interface: String,
    /// The number of an interface, for datagrams that name one.
    pub index: i32,
}

/// Makes a mistake from here on, until the process ends: `no-bind`, `address-only`, `bind-after-listen`,
/// `wrong-plane`, `getaddrinfo`, `packet-info` or `stale-index`.
pub fn make_mistake(name: &str, elsewhere: Elsewhere) -> Result<(), String> {
    let mutant = match name {
        "no-bind" => Mutant::NoBind,
        "address-only" => Mutant::AddressOnly,
        "bind-after-listen" => Mutant::BindAfterListen,
        "wrong-plane" => Mutant::WrongPlane,
        "getaddrinfo" => Mutant::Getaddrinfo,
        "packet-info" => Mutant::PacketInfo,
        "stale-index" => Mutant::StaleIndex,
        other => return Err(format!("there is no mistake {other:?}")),
    };
    let chosen = CHOSEN.set((mutant, elsewhere));
    chosen.map_err(|_| "a mistake is made already".to_owned())
}

pub(crate) fn is(mutant: Mutant) -> bool {
    CHOSEN.get().is_some_and(|(chosen, _)| *chosen == mutant)
}

pub(crate) fn device_of(plane: &Plane) -> Option<&str> {
    let storage = plane.kind() == PlaneKind::Storage;
    match CHOSEN.get() {
        Some((Mutant::NoBind | Mutant::AddressOnly, _)) => None,
        Some((Mutant::WrongPlane, elsewhere)) if storage => Some(&elsewhere.interface),
        Some((Mutant::PacketInfo, elsewhere)) if storage => {
            static ONCE: Once = Once::new();
            let (speaker, index) = (plane.clone(), elsewhere.index);
            ONCE.call_once(|| _ = std::thread::spawn(move || speak_past(&speaker, index)));
            plane.interface()
        }
        _ => plane.interface(),
    }
}

pub(crate) fn address_of_listener(plane: &Plane, address: SocketAddr) -> SocketAddr {
    let own = source_for(plane, ANYBODY.into()).filter(|_| is(Mutant::AddressOnly));
    own.map_or(address, |own| SocketAddr::new(own, address.port()))
}

/// Sends datagrams to the storage network ten times a second, from a socket that is bound to the plane, by
/// the interface that has this number.
fn speak_past(plane: &Plane, index: i32) -> io::Result<()> {
    let (kind, protocol) = (socket2::Type::DGRAM, socket2::Protocol::UDP);
    let socket = crate::tcp::new_socket_of(plane, NOBODY.into(), kind, protocol);
    let socket = socket.map_err(io::Error::other)?;
    let info = nix::libc::in_pktinfo {
        ipi_ifindex: index,
        ipi_spec_dst: nix::libc::in_addr { s_addr: 0 },
        ipi_addr: nix::libc::in_addr { s_addr: 0 },
    };
    let to = SockaddrIn::from(NOBODY);
    loop {
        let (words, past) = (
            [IoSlice::new(b"past")],
            [ControlMessage::Ipv4PacketInfo(&info)],
        );
        // Whether anybody hears it is no matter.
        _ = sendmsg(
            socket.as_raw_fd(),
            &words,
            &past,
            MsgFlags::empty(),
            Some(&to),
        );
        std::thread::sleep(PAUSE);
    }
}
