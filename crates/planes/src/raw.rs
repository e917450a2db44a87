//! Sockets for a C library that connects by itself and only lets us make its sockets.

use crate::error::errno;
use crate::source::source_for;
use crate::tcp::{Timers, bind_device, tune};
use crate::{Plane, PlaneError};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A TCP socket bound to the plane's device, for a library that asks for one by the arguments of
/// socket(2) and connects it itself, such as librdkafka's socket callback; [`raw_connect`] does
/// that. It is closed on exec and
/// has the [`Timers::DEFAULT`].
///
/// Anything but TCP over IPv4 or IPv6 is refused: a datagram socket could override the binding.
pub fn raw_socket(
    plane: &Plane,
    domain: i32,
    kind: i32,
    protocol: i32,
) -> Result<OwnedFd, PlaneError> {
    let (domain, kind) = (Domain::from(domain), Type::from(kind));
    let family = [Domain::IPV4, Domain::IPV6].contains(&domain);
    // Linux carries flags such as SOCK_CLOEXEC in the type, above its lowest four bits.
    let stream = i32::from(kind) & 0xf == i32::from(Type::STREAM);
    let protocol = Protocol::from(protocol);
    let tcp = protocol == Protocol::TCP || protocol == Protocol::from(0);
    if !(family && stream && tcp) {
        let refused = io::Error::from(io::ErrorKind::Unsupported);
        return Err(PlaneError::setup(
            plane,
            "making a socket that is not TCP",
            refused,
        ));
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the one crate that makes sockets"
    )]
    let socket = Socket::new(domain, kind.cloexec(), Some(Protocol::TCP))
        .map_err(|source| PlaneError::setup(plane, "making a socket", source))?;
    bind_device(&socket, plane)?;
    tune(&socket, &Timers::DEFAULT)
        .map_err(|source| PlaneError::setup(plane, "setting a connection's options", source))?;
    Ok(socket.into())
}

/// Begins to connect a socket of [`raw_socket`] that does not block, from the plane's own address. An error
/// is one that the kernel knew at once; what it learns later, the socket tells.
pub fn raw_connect(
    plane: &Plane,
    socket: BorrowedFd<'_>,
    peer: SocketAddr,
) -> Result<(), PlaneError> {
    let socket = SockRef::from(&socket);
    if let Some(source) = source_for(plane, peer.ip()) {
        let source = SocketAddr::new(source, 0);
        socket
            .bind(&SockAddr::from(source))
            .map_err(|error| PlaneError::bind_address(plane, source, error))?;
    }
    match socket.connect(&SockAddr::from(peer)) {
        Err(error) if error.raw_os_error() != Some(errno::EINPROGRESS) => {
            Err(PlaneError::Connect {
                plane: plane.clone(),
                peer,
                source: error,
                by: None,
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlaneKind;

    #[test]
    fn tcp_alone_is_made() {
        let plane = Plane::unbound(PlaneKind::Data);
        for (domain, kind, protocol) in [
            (Domain::IPV4, Type::STREAM, 0),
            (Domain::IPV6, Type::STREAM, 6),
            (Domain::IPV4, Type::STREAM.cloexec(), 6),
        ] {
            raw_socket(&plane, domain.into(), kind.into(), protocol).unwrap();
        }
        for (domain, kind, protocol) in [
            (Domain::IPV4, Type::DGRAM, 0),
            (Domain::IPV4, Type::STREAM, 17),
            (Domain::UNIX, Type::STREAM, 0),
        ] {
            raw_socket(&plane, domain.into(), kind.into(), protocol).unwrap_err();
        }
    }

    #[test]
    fn a_missing_device_is_told() {
        let plane = Plane::bound(PlaneKind::Data, "absent0").unwrap();
        let error = raw_socket(&plane, Domain::IPV4.into(), Type::STREAM.into(), 0).unwrap_err();
        assert!(error.to_string().contains("absent0"), "{error}");
        assert_eq!(error.raw_os_error(), 19);
    }
}
