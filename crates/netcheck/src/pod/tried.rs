//! What was learnt by asking others than the kernel's settings: sockets, neighbours, peers, certificates.

use super::Lookup;
use std::net::{IpAddr, SocketAddr};

/// Somebody on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// By which interface.
    pub interface: String,
    /// Who.
    pub address: IpAddr,
    /// Whether its hardware address is known. One that was asked for and is not known does not answer.
    pub found: bool,
}

/// A socket that is where it must not be, or whose interface is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Whose it is.
    pub whose: Whose,
    /// What it is, whom it is connected to, where it is bound.
    pub what: String,
}

/// Whose a stray is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The service's.
    Own,
    /// Somebody else's in the pod.
    Foreign,
    /// Anybody's: its interface is gone.
    Orphan,
}

/// A connection to a peer that was tried by its plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// `database`, `kafka`.
    pub name: String,
    /// The plane's name.
    pub plane: String,
    /// Where.
    pub address: SocketAddr,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a connection that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken, and closed again.
    Taken,
    /// The host answered that nobody listens there (`ECONNREFUSED`).
    Refused,
    /// Somebody on the way said by ICMP that it may not or cannot go: a router, a firewall, a network policy.
    Rejected(IpAddr),
    /// Nobody has this address on the link, or no route leads there (`EHOSTUNREACH`, `ENETUNREACH`).
    Unreachable,
    /// No answer in time.
    Silence,
    /// It could not even be tried: what the kernel said.
    Failed(String),
}

/// Packets of two lengths to a peer, which nobody may fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The plane's name.
    pub plane: String,
    /// Whereto.
    pub address: IpAddr,
    /// The longer one's bytes: the interface's MTU.
    pub longest: u32,
    /// Whether the longer one was answered.
    pub whole: bool,
    /// The longest that was answered of those that were tried; `None`: not even the shortest.
    pub answered: Option<u32>,
}

/// A certificate that the service shows, to those who connect to it or to those it connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `listener http`, `client database`.
    pub name: String,
    /// Its file.
    pub file: String,
    /// When it is valid, in seconds since 1970 (from, until); or why the file cannot be read.
    pub validity: Result<(i64, i64), String>,
    /// Until when the one in use is valid, where the service itself looks.
    pub in_use_until: Option<i64>,
    /// The time now, in the same seconds.
    pub now: i64,
}

/// An address that a peer tells its clients to use.
#[derive(Clone, Debug)]
pub struct Advertised {
    /// `kafka`.
    pub peer: String,
    /// The plane's name.
    pub plane: String,
    /// As it is advertised: `broker-1:9092`.
    pub address: String,
    /// How the kernel would go there; or why nobody knows where it is.
    pub lookup: Result<Vec<Lookup>, String>,
}

/// Who answered at a pod's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The address.
    pub address: SocketAddr,
    /// The pod that has it, as Kubernetes or the settings say.
    pub expected: String,
    /// The pod that answered.
    pub answered: String,
}
