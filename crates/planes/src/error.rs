//! What can go wrong with a plane's socket, in the words of the operator who is woken by it.

use crate::{LinkFault, Plane, PlaneKind};
use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A socket could not be had. Each message names the plane, the device or address, and what to check.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaneError {
    /// ENODEV when a socket was bound to the device.
    #[error(
        "{kind}: interface {interface} does not exist (ENODEV): the pod started without Multus or lost its network; \
         check {variable} and the pod's k8s.v1.cni.cncf.io/networks annotation, then delete the pod (NET001)",
        variable = kind.variable()
    )]
    NoDevice {
        /// The plane.
        kind: PlaneKind,
        /// Its interface.
        interface: String,
    },

    /// The interface was waited for in vain.
    #[error(
        "{kind}: interface {interface} did not appear within {waited:?}: the pod started without Multus or the \
         network plugin is late; check {variable} and the pod's k8s.v1.cni.cncf.io/networks annotation, raise \
         PLANE_WAIT if the plugin is slow, then delete the pod (NET001)",
        variable = kind.variable()
    )]
    InterfaceNeverCame {
        /// The plane.
        kind: PlaneKind,
        /// Its interface.
        interface: String,
        /// How long it was waited for.
        waited: Duration,
    },

    /// The interface was there, but could not be used in time.
    #[error("{kind}: interface {interface} could not be used within {waited:?}: {fault}")]
    InterfaceNotUsable {
        /// The plane.
        kind: PlaneKind,
        /// Its interface.
        interface: String,
        /// How long it was waited for.
        waited: Duration,
        /// What was the matter with it at the end.
        fault: LinkFault,
    },

    /// EPERM when a socket was bound to the device.
    #[error(
        "{kind}: the kernel refused to bind a socket to {interface} (EPERM): kernels before 5.7 ask for CAP_NET_RAW; \
         run a newer kernel on this node (SYS006)"
    )]
    BindDeviceRefused {
        /// The plane.
        kind: PlaneKind,
        /// Its interface.
        interface: String,
    },

    /// EADDRINUSE.
    #[error(
        "{plane}: {address} is taken (EADDRINUSE): another process of this network namespace listens there, or one \
         that is bound to no device; `ss -ltnp` shows which, or choose another port"
    )]
    AddressInUse {
        /// The plane.
        plane: Plane,
        /// Where it was to listen.
        address: SocketAddr,
    },

    /// EADDRNOTAVAIL.
    #[error(
        "{plane}: {address} is no address of this pod (EADDRNOTAVAIL): `ip address` shows what there is; \
         0.0.0.0 or [::] takes whatever address the plane has (NET005)"
    )]
    AddressNotHere {
        /// The plane.
        plane: Plane,
        /// The local address that was asked for.
        address: SocketAddr,
    },

    /// EACCES for a port.
    #[error(
        "{plane}: {address} may not be listened on (EACCES): ports below net.ipv4.ip_unprivileged_port_start need \
         CAP_NET_BIND_SERVICE; choose a port from 1024 up"
    )]
    PortNotAllowed {
        /// The plane.
        plane: Plane,
        /// Where it was to listen.
        address: SocketAddr,
    },

    /// A connection was refused, unreachable or broken while it was made.
    #[error("{plane}: cannot connect to {peer}: {source}; {advice}", advice = connect_advice(source, *by))]
    Connect {
        /// The plane.
        plane: Plane,
        /// Who was to be reached.
        peer: SocketAddr,
        /// What the kernel said.
        source: io::Error,
        /// Who on the way said so by ICMP, where it was neither the peer nor this host.
        by: Option<IpAddr>,
    },

    /// The connection was not made in time.
    #[error(
        "{plane}: no connection to {peer} within {timeout:?}: packets vanish on the way; check the plane's route and \
         the peer's firewall (RTE003)"
    )]
    ConnectTimeout {
        /// The plane.
        plane: Plane,
        /// Who was to be reached.
        peer: SocketAddr,
        /// How long it was tried.
        timeout: Duration,
    },

    /// A peer's name has no address that can be found.
    #[error(
        "{plane}: the name {host} cannot be resolved: {reason}; check the name, the name servers in /etc/resolv.conf, \
         and that they are reached by this plane (DNS_PLANE chooses it; RTE004)"
    )]
    Unresolved {
        /// The plane by which name servers are asked.
        plane: Plane,
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },

    /// Any other call failed: out of descriptors or memory, an address family that is switched off.
    #[error(
        "{plane}: {step} failed: {source}; check the process's limits (`ulimit -n`) and the kernel's log"
    )]
    Setup {
        /// The plane.
        plane: Plane,
        /// What was being done.
        step: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The kernel did not tell what it was asked about its sockets or interfaces.
#[derive(Debug, thiserror::Error)]
#[error(
    "{step} failed: {source}; the pod's seccomp profile must allow AF_NETLINK sockets, and the node's kernel needs \
     the modules inet_diag, tcp_diag and udp_diag"
)]
pub struct NetlinkError {
    /// What was being done.
    pub step: &'static str,
    /// What the kernel said.
    pub source: io::Error,
}

impl NetlinkError {
    pub(crate) fn of(step: &'static str) -> impl FnOnce(io::Error) -> NetlinkError {
        move |source| NetlinkError { step, source }
    }
}

impl PlaneError {
    /// The number of the kernel's error, for a caller in C; EIO where it gave none.
    pub fn raw_os_error(&self) -> i32 {
        let source = match self {
            Self::NoDevice { .. } | Self::InterfaceNeverCame { .. } => return errno::ENODEV,
            Self::InterfaceNotUsable { .. } => return errno::ENETDOWN,
            Self::BindDeviceRefused { .. } => return errno::EPERM,
            Self::AddressInUse { .. } => return errno::EADDRINUSE,
            Self::AddressNotHere { .. } => return errno::EADDRNOTAVAIL,
            Self::PortNotAllowed { .. } => return errno::EACCES,
            Self::ConnectTimeout { .. } => return errno::ETIMEDOUT,
            Self::Unresolved { .. } => return errno::EIO,
            Self::Connect { source, .. } | Self::Setup { source, .. } => source,
        };
        source.raw_os_error().unwrap_or(errno::EIO)
    }

    pub(crate) fn setup(plane: &Plane, step: &'static str, source: io::Error) -> Self {
        Self::Setup {
            plane: plane.clone(),
            step,
            source,
        }
    }

    pub(crate) fn bind_device(plane: &Plane, interface: &str, source: io::Error) -> Self {
        let (kind, interface) = (plane.kind(), interface.to_owned());
        match source.raw_os_error() {
            Some(errno::ENODEV) => Self::NoDevice { kind, interface },
            Some(errno::EPERM) => Self::BindDeviceRefused { kind, interface },
            _ => Self::setup(plane, "binding a socket to its device", source),
        }
    }

    pub(crate) fn bind_address(plane: &Plane, address: SocketAddr, source: io::Error) -> Self {
        let plane = plane.clone();
        match source.kind() {
            ErrorKind::AddrInUse => Self::AddressInUse { plane, address },
            ErrorKind::AddrNotAvailable => Self::AddressNotHere { plane, address },
            ErrorKind::PermissionDenied => Self::PortNotAllowed { plane, address },
            _ => Self::setup(&plane, "binding a socket to its address", source),
        }
    }
}

/// What an operator should look at, by what the kernel said of a connection on a bound socket.
fn connect_advice(source: &io::Error, by: Option<IpAddr>) -> Cow<'static, str> {
    if let Some(by) = by {
        return Cow::Owned(format!(
            "{by} on the way said so, not the peer: a router, a firewall or a network policy refuses it"
        ));
    }
    Cow::Borrowed(match source.kind() {
        ErrorKind::ConnectionRefused => "the peer is there but nothing listens on that port",
        ErrorKind::NetworkUnreachable => {
            "the plane's interface is down, or has no IPv6 route to the peer (NET002, RTE003)"
        }
        ErrorKind::HostUnreachable => {
            "no route on the plane's device, no neighbour or no carrier (RTE003, NET003)"
        }
        // Without a route the kernel looks for the peer on the link for about as long as the timers
        // allow: which error comes first is chance.
        ErrorKind::TimedOut => {
            "nobody answers: no route or neighbour on the plane's device, or a firewall drops the packets (RTE003)"
        }
        ErrorKind::AddrNotAvailable => {
            "the source address is not on this pod, or all its ports are in use (NET005)"
        }
        _ => "check the peer and the plane with netcheck",
    })
}

/// Linux error numbers (`errno.h`, the same on every architecture that Rust runs on), for those that
/// `io::ErrorKind` folds together.
pub(crate) mod errno {
    pub(crate) const EPERM: i32 = 1;
    pub(crate) const EIO: i32 = 5;
    pub(crate) const EACCES: i32 = 13;
    pub(crate) const ENODEV: i32 = 19;
    pub(crate) const ENFILE: i32 = 23;
    pub(crate) const EMFILE: i32 = 24;
    pub(crate) const EADDRINUSE: i32 = 98;
    pub(crate) const EADDRNOTAVAIL: i32 = 99;
    pub(crate) const ENETDOWN: i32 = 100;
    pub(crate) const ETIMEDOUT: i32 = 110;
    pub(crate) const EINPROGRESS: i32 = 115;
}
