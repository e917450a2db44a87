//! What is told of a socket, and of one that is where it must not be.

use crate::Plane;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A socket of this network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSocket {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Its own address; all zeros where it takes any. An IPv4 address is told as one, also of an IPv6
    /// socket.
    pub local: SocketAddr,
    /// Whom it is connected to.
    pub peer: Option<SocketAddr>,
    /// What it is doing.
    pub state: SocketState,
    /// The interface that it is bound to, or none.
    pub device: Option<Device>,
    /// Its number in the kernel's accounts; 0 where no process has it.
    pub inode: u32,
    /// The user who made it; 0, too, where the kernel does not tell: of sockets that have ended.
    pub uid: u32,
    /// Whose it is.
    pub owner: Owner,
}

/// A socket that is where it must not be:
///
/// - its own or its peer's address is in the subnet of a bound plane, and it is unbound or bound to
///   another interface;
/// - or it is this process's and unbound, while a plane is bound and none is left without an interface.
///
/// None of these is: a socket on loopback addresses or bound to `lo`, which leaves by no plane; one whose
/// interface is gone, which [`end_orphans`](crate::end_orphans) sees to; one without a port, which has
/// sent nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The plane whose subnet has one of its addresses.
    pub expected: Option<Plane>,
    /// The socket; its device is what it really is bound to.
    pub socket: SeenSocket,
    /// Whether it was told for the first time. A counter counts these.
    pub new: bool,
    /// Whether it was this process's and was ended by this audit.
    pub ended: bool,
    /// Whether it was heard of as it ended, and not seen alive. Whose it was is not known then.
    pub short_lived: bool,
}

impl Violation {
    /// The check's id: SOC001 for this process's, SOC002 for others' and for those of nobody knows whom.
    pub fn check(&self) -> &'static str {
        match self.socket.owner {
            Owner::Own => "SOC001",
            Owner::Foreign { .. } | Owner::Nobody => "SOC002",
        }
    }

    /// The expected plane's name for a label: `storage`; `any` where no address tells.
    pub fn plane_name(&self) -> &'static str {
        self.expected
            .as_ref()
            .map_or("any", |plane| plane.kind().name())
    }

    /// What it is bound to, for a label: an interface's name, or `unbound`.
    pub fn actual(&self) -> &str {
        let device = self.socket.device.as_ref();
        device.map_or("unbound", |device| device.name.as_deref().unwrap_or("gone"))
    }

    pub(super) fn key(&self) -> Key {
        Key {
            protocol: self.socket.protocol,
            local: self.socket.local,
            peer: self.socket.peer,
            device: self.socket.device.as_ref().map(|device| device.index),
        }
    }
}

/// What is told as one violation however often and in whatever state it is seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    protocol: Protocol,
    local: SocketAddr,
    peer: Option<SocketAddr>,
    device: Option<u32>,
}

/// As an operator reads it: what, whose, where it is and where it belongs, what to do.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SeenSocket {
            protocol,
            local,
            peer,
            state,
            owner,
            ..
        } = &self.socket;
        write!(f, "{protocol} {local}")?;
        if let Some(peer) = peer {
            write!(f, " to {peer}")?;
        }
        write!(f, " ({state}, {owner}) is ")?;
        match self.actual() {
            "unbound" => f.write_str("unbound")?,
            device => write!(f, "bound to {device}")?,
        }
        match &self.expected {
            Some(plane) => write!(f, ", but its address belongs to the {plane}")?,
            None => f.write_str(", while every plane has an interface")?,
        }
        f.write_str(match (self.socket.owner, self.ended) {
            (Owner::Own, true) => {
                "; it was ended: a library of this process opens sockets by itself"
            }
            (Owner::Own, false) => "; a library of this process opens sockets by itself",
            (Owner::Foreign { .. }, _) => {
                "; find the container of this pod that runs as this user and bind or exclude it"
            }
            (Owner::Nobody, _) => "; no process has it any more, or not yet: look for a process that opens sockets by itself",
        })?;
        write!(f, " ({})", self.check())
    }
}

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP, over IPv4 or IPv6.
    Tcp,
    /// UDP, over IPv4 or IPv6.
    Udp,
}

/// `tcp`, `udp`.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// The kernel's number for what a socket is doing (`enum` in `include/net/tcp_states.h`). UDP sockets are
/// established when connected and closed otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketState(pub u8);

impl SocketState {
    /// A connection.
    pub const ESTABLISHED: Self = Self(1);
    /// A connection that ended a moment ago.
    pub const TIME_WAIT: Self = Self(6);
    /// Not connected.
    pub const CLOSED: Self = Self(7);
    /// A listener.
    pub const LISTEN: Self = Self(10);
}

/// As `ss` names it.
impl fmt::Display for SocketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            1 => "established",
            2 => "syn-sent",
            3 | 12 => "syn-recv",
            4 => "fin-wait-1",
            5 => "fin-wait-2",
            6 => "time-wait",
            7 => "closed",
            8 => "close-wait",
            9 => "last-ack",
            10 => "listening",
            11 => "closing",
            13 => "bound",
            _ => "in an unknown state",
        })
    }
}

/// An interface that a socket is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its index: what the kernel binds to.
    pub index: u32,
    /// Its name; none where no interface has this index any more.
    pub name: Option<Arc<str>>,
}

/// Whose a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// One of this process's descriptors.
    Own,
    /// Another process's.
    Foreign {
        /// The user who made it.
        uid: u32,
    },
    /// No process has it: one that was closed, or a connection that nobody has accepted yet. The kernel
    /// does not tell whose it was.
    Nobody,
}

/// As a label names it: `own`, `uid 65534`, `nobody`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Foreign { uid } => write!(f, "uid {uid}"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}
