//! The other replicas: who they are, how they are, and why not well.
//!
//! They are found by Kubernetes (the pods of this namespace that a selector names, asked for by the *default*
//! plane) or by a list, and asked for `/health` by the *management* plane. Everything is bounded: how many
//! are asked, how many at a time, how long and how large an answer may be. What is seen here decides nothing:
//! readiness is each replica's own. What never enters: orders, writes of any kind to Kubernetes.

mod api;
mod ask;
mod config;
mod fetch;
mod find;
mod peers;
mod policies;
mod status;
mod target;
mod view;
mod wire;

pub use ask::StatusError;
pub use config::{Config, InCluster, Limits, Own, Source};
pub use peers::Peers;
pub use policies::{Answer, Count, Enforced, Policies};
pub use target::{InvalidTarget, Target};
pub use view::{PodView, View};
