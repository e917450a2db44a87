//! What every TCP socket has in common: how it is made and bound, and the timers that end waiting.

use crate::mutant::{self, Mutant};
use crate::{Plane, PlaneError};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// When a silent peer is given up. Every socket has all of them: without, a blackholed connection
/// waits for minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// `TCP_USER_TIMEOUT`: how long sent data, or the first SYN, may stay unacknowledged, whole
    /// milliseconds. It also ends a connection whose peer acknowledges but reads nothing (a zero
    /// window) for so long.
    pub user_timeout: Duration,
    /// How long a connection may be idle before the first keepalive probe, whole seconds.
    pub keepalive_idle: Duration,
    /// The time between probes, whole seconds.
    pub keepalive_interval: Duration,
    /// How many unanswered probes end the connection.
    pub keepalive_probes: u32,
}

impl Timers {
    /// A blackhole ends in 3 s, an idle dead peer in 3.4 s (both measured).
    pub const DEFAULT: Self = Self {
        user_timeout: Duration::from_secs(3),
        keepalive_idle: Duration::from_secs(1),
        keepalive_interval: Duration::from_secs(1),
        keepalive_probes: 3,
    };
}

impl Default for Timers {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A TCP socket that is bound to the plane's interface before anything else is done with it: a
/// device that is bound after `listen` or `connect` binds nothing, silently.
pub(crate) fn new_socket(plane: &Plane, address: SocketAddr) -> Result<Socket, PlaneError> {
    new_socket_of(plane, address, Type::STREAM, Protocol::TCP)
}

/// A socket of this kind for the family of `address`, bound in the same way.
pub(crate) fn new_socket_of(
    plane: &Plane,
    address: SocketAddr,
    kind: Type,
    protocol: Protocol,
) -> Result<Socket, PlaneError> {
    let socket = unbound_socket(plane, address, kind, protocol)?;
    bind_device(&socket, plane)?;
    Ok(socket)
}

/// A socket that is to listen, bound in the same way.
pub(crate) fn new_listening_socket(
    plane: &Plane,
    address: SocketAddr,
) -> Result<Socket, PlaneError> {
    let socket = unbound_socket(plane, address, Type::STREAM, Protocol::TCP)?;
    if !mutant::is(Mutant::AddressOnly) && !mutant::is(Mutant::BindAfterListen) {
        bind_to_device(&socket, plane, plane.interface())?;
    }
    Ok(socket)
}

fn unbound_socket(
    plane: &Plane,
    address: SocketAddr,
    kind: Type,
    protocol: Protocol,
) -> Result<Socket, PlaneError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes a socket"
    )]
    Socket::new(
        Domain::for_address(address),
        kind.nonblocking(),
        Some(protocol),
    )
    .map_err(|source| PlaneError::setup(plane, "making a socket", source))
}

/// Sets the timers and `TCP_NODELAY`. On a listener they are inherited by every accepted socket,
/// which saves five calls for each connection.
pub(crate) fn tune(socket: &Socket, timers: &Timers) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(timers.keepalive_idle)
        .with_interval(timers.keepalive_interval)
        .with_retries(timers.keepalive_probes);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(timers.user_timeout))?;
    socket.set_tcp_nodelay(true)
}

/// Binds a socket to the plane's interface and closes it: whether this kernel lets this process.
pub fn try_binding(plane: &Plane) -> Result<(), PlaneError> {
    new_socket(plane, SocketAddr::from(([0, 0, 0, 0], 0))).map(drop)
}

/// Binds a socket that is to connect.
pub(crate) fn bind_device(socket: &Socket, plane: &Plane) -> Result<(), PlaneError> {
    bind_to_device(socket, plane, mutant::device_of(plane))
}

pub(crate) fn bind_to_device(
    socket: &Socket,
    plane: &Plane,
    interface: Option<&str>,
) -> Result<(), PlaneError> {
    let Some(interface) = interface else {
        return Ok(());
    };
    socket
        .bind_device(Some(interface.as_bytes()))
        .map_err(|source| PlaneError::bind_device(plane, interface, source))
}
