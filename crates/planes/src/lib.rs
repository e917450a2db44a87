//! The only place that makes a socket: planes, listeners, connections.
//!
//! A multi-homed pod has one network interface for each kind of traffic. A [`Plane`] names the kind
//! and, where it is set, the interface; it is the only key to a socket here. [`listen()`] and
//! [`connect()`] bind to the plane's interface with `SO_BINDTODEVICE` before anything else, and never
//! fall back to an unbound socket. [`serve()`] is the accept loop that every TCP edge shares; a
//! [`Resolver`] asks name servers. [`raw_socket`] and [`BlockingResolver`] are for C libraries.
//!
//! What never enters: a protocol above TCP but DNS, `getaddrinfo` (it opens unbound sockets of its
//! own), a datagram that names its interface (`IP_PKTINFO` and IPv6 scope ids override the binding).

mod audit;
mod backoff;
mod connect;
mod descriptors;
mod drain;
mod error;
mod eyeballs;
mod families;
mod interfaces;
mod links;
mod listen;
mod mutant;
mod names;
mod neighbours;
mod netlink;
mod orphans;
mod peer;
mod ping;
mod plane;
mod raw;
mod refusal;
mod relay;
mod resolve;
mod routes;
mod serve;
mod shared;
mod source;
#[cfg(feature = "mutants")]
mod stray;
mod tcp;
mod wait;

pub use audit::{
    Audit, Auditor, Device, Owner, Protocol, SeenSocket, SocketState, Violation,
    look_at_own_sockets, look_at_sockets,
};
pub use backoff::Backoff;
pub use connect::{ConnectOptions, connect};
pub use drain::{Drain, DrainTrigger, drain_channel};
pub use error::{NetlinkError, PlaneError};
pub use eyeballs::connect_first;
pub use families::of_usable_families;
pub use interfaces::{InterfaceAddress, LinkState, Mac, interfaces};
pub use links::{Change, Link, LinkChange, LinkFault, LinkWatch, PlaneLink};
pub use listen::{ListenOptions, Listener, ListenerStats, listen};
#[cfg(feature = "mutants")]
pub use mutant::{Elsewhere, make_mistake};
pub use names::BlockingResolver;
pub use neighbours::{Neighbour, neighbours};
pub use orphans::end_orphans;
pub use peer::{InvalidPeer, Peer};
pub use ping::{Echo, ping};
pub use plane::{InvalidInterface, Plane, PlaneKind};
pub use raw::{raw_connect, raw_socket};
pub use relay::{Far, Greet, Relay, RelayOptions};
pub use resolve::Resolver;
pub use routes::{Route, RouteQuestions};
pub use serve::{ServeLimits, ServeReport, serve};
pub use shared::{Keep, ShareError, SharedListener};
#[cfg(feature = "mutants")]
pub use stray::stray;
pub use tcp::{Timers, try_binding};
pub use wait::{wait_for_interface, wait_until_usable};

/// The example of README.md is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
