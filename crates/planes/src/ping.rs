//! ICMP echo by a plane, where the kernel lets this user send it (`net.ipv4.ping_group_range`): for checks
//! of a network, never for traffic.

use crate::tcp::bind_device;
use crate::{Plane, PlaneError};
use rustix::io::Errno;
use rustix::net::sockopt::{Ipv4PathMtuDiscovery, set_ip_mtu_discover};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// The head of an IPv4 packet without options, and that of an ICMP echo.
const HEADS_BYTES: u32 = 20 + 8;
/// Type 8, an echo request, and type 0, its answer (RFC 792).
const REQUEST: u8 = 8;
const ANSWER: u8 = 0;

/// What became of an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// It was answered.
    Answered,
    /// The kernel knew that it cannot go: no route or neighbour, or longer than the link takes.
    Refused,
    /// Nobody answered in time.
    Silence,
}

/// An echo of `packet_bytes` with everything (28 at least, 65,535 at most), that nobody may fragment, to a
/// host by the plane's interface. Waits `patience` at most: call it on a thread for that.
///
/// Fails with [`ErrorKind::PermissionDenied`] at its source where this user may not send echoes.
pub fn ping(
    plane: &Plane,
    host: Ipv4Addr,
    packet_bytes: u32,
    patience: Duration,
) -> Result<Echo, PlaneError> {
    let failed = |source| PlaneError::setup(plane, "sending an ICMP echo", source);
    let socket = echo_socket().map_err(failed)?;
    bind_device(&socket, plane)?;
    // As `IP_PMTUDISC_PROBE` has it, what the kernel believes of the path is not asked.
    set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE)
        .map_err(|error| failed(error.into()))?;
    let payload = packet_bytes.clamp(HEADS_BYTES, u32::from(u16::MAX)) - HEADS_BYTES;
    let mut request = vec![0; payload as usize + 8];
    request[0] = REQUEST;
    if let Err(error) = socket.send_to(&request, &SocketAddr::from((host, 0)).into()) {
        return refusal(error).map_err(failed);
    }
    wait(&socket, patience).map_err(failed)
}

fn echo_socket() -> io::Result<Socket> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one crate that makes sockets"
    )]
    Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))
}

fn wait(socket: &Socket, patience: Duration) -> io::Result<Echo> {
    let until = Instant::now() + patience;
    let mut answer = [u8::MAX; 64];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Echo::Silence);
        }
        socket.set_read_timeout(Some(left))?;
        let mut reader = socket;
        match reader.read(&mut answer) {
            Ok(length) if length > 0 && answer[0] == ANSWER => return Ok(Echo::Answered),
            Ok(_) => {}
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => return Ok(Echo::Silence),
                ErrorKind::Interrupted => {}
                _ => return refusal(error),
            },
        }
    }
}

/// What the kernel knows before a packet leaves is an answer; everything else is a failure.
fn refusal(error: io::Error) -> io::Result<Echo> {
    // ENOBUFS: the device dropped it, as one does whose other end takes no packet so long.
    let dropped = [Errno::MSGSIZE, Errno::NOBUFS].map(|errno| Some(errno.raw_os_error()));
    match error.kind() {
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => Ok(Echo::Refused),
        _ if dropped.contains(&error.raw_os_error()) => Ok(Echo::Refused),
        _ => Err(error),
    }
}
