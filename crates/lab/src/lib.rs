//! The network lab: a node, pods with four interfaces made by the real CNI plugins, their peers with real
//! servers, the service as a cluster runs it, and a capture on every network.
//!
//! Everything is in network namespaces that this crate makes and takes away; it needs root and the Debian
//! packages `containernetworking-plugins`, `tcpdump`, `dnsmasq-base`, `iproute2` and `util-linux`.
#![expect(
    clippy::missing_panics_doc,
    reason = "whatever of the lab cannot be made ends it, with what was tried"
)]

mod capture;
mod cni;
mod fault;
pub mod mutants;
mod namespace;
pub mod netcheck;
mod network;
mod observer;
mod peers;
pub mod report;
pub mod scene;
mod service;
mod sockets;

pub use capture::{Capture, Seen, Stray};
pub use cni::missing;
pub use fault::{Fault, Happening};
pub use namespace::Namespace;
pub use network::{Lab, Network, Pod};
pub use peers::Peers;
pub use service::{Container, Service};
pub use sockets::Bound;
