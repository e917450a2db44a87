//! The networks of a pod, what they carry, and which policies are held here: as data for machines and as a
//! table for people.
//!
//! [`describe()`] makes a [`Topology`] of [`Facts`] and asks nobody: what is configured, what the kernel tells of
//! interfaces and sockets, what Multus wrote. A policy is said to be held where it can be seen to be; what cannot
//! be seen from inside the pod is said to be that. What never enters: sockets, settings, probes of any kind.

mod describe;
mod encryption;
mod facts;
mod hexagon;
mod isolation;
mod networks;
mod sockets;
mod table;

pub use describe::{Answer, Policy, Topology, describe};
pub use facts::{Facts, Protection, Traffic, Way};
pub use hexagon::Part;
pub use networks::Network;
pub use sockets::{Kind, Line};
pub use table::table;
