//! What the overview shows of others: each is asked for as it is known, at once, and gives nothing where it is
//! not known or not configured.

use adapter_management::{Orders, PeerFailure, Peers, Pod, Policies, Repair};
use std::pin::Pin;

/// Gives what is known now, without waiting for anybody.
pub(crate) type Source<T> = Box<dyn Fn() -> Option<T> + Send + Sync>;

/// What a peer answers to `/api/status`, or why it does not.
pub(crate) type Told = Pin<Box<dyn Future<Output = Result<String, PeerFailure>> + Send>>;

/// Everything that is not gathered here.
pub(crate) struct Sources {
    pub(crate) pod: Pod,
    /// Orders by state.
    pub(crate) orders: Source<Orders>,
    /// How many dead letters and parked facts there are.
    pub(crate) repair: Source<Repair>,
    /// The replicas.
    pub(crate) peers: Source<Peers>,
    /// The cluster's policies.
    pub(crate) policies: Source<Policies>,
    /// Asks a peer by its name.
    pub(crate) ask: Box<dyn Fn(String) -> Told + Send + Sync>,
}

impl Sources {
    /// Nothing but this pod itself, by its names in the environment.
    pub(crate) fn alone() -> Sources {
        let named = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Sources {
            // Kubernetes gives a pod's containers its name as the host's.
            pod: Pod {
                name: named("POD_NAME").or_else(|| named("HOSTNAME")),
                node: named("NODE_NAME"),
            },
            orders: Box::new(|| None),
            repair: Box::new(|| None),
            peers: Box::new(|| None),
            policies: Box::new(|| None),
            ask: Box::new(|_| Box::pin(async { Err(PeerFailure::Unknown) })),
        }
    }
}
