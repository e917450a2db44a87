//! What the overview shows of others: each is asked for as it is known, at once, and gives nothing where it is
//! not known or not configured.

use crate::clock::SystemClock;
use crate::config::Config;
use adapter_management::{
    Counted, Orders, OrdersInState, Peer, PeerFailure, Peers, Pod, Policies, Repair,
};
use adapter_peers::{PodView, StatusError, View};
use order_core::ports::{Clock as _, Counts};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;

/// What a peer answers to `/api/status`, or why it does not.
pub(crate) type Told = Pin<Box<dyn Future<Output = Result<String, PeerFailure>> + Send>>;

/// Everything that is not gathered here.
pub(crate) struct Sources {
    pub(crate) pod: Pod,
    counts: watch::Receiver<Option<Counts>>,
    /// None where nobody is asked.
    peers: Option<(adapter_peers::Peers, watch::Receiver<Arc<View>>)>,
}

impl Sources {
    /// What counts and what asks the replicas.
    pub(crate) fn of(
        config: &Config,
        counts: watch::Receiver<Option<Counts>>,
        peers: adapter_peers::Peers,
    ) -> Sources {
        let view = peers.view();
        let own = view.borrow().pods.iter().find(|pod| pod.own).cloned();
        Sources {
            pod: Pod {
                name: own.and_then(|own| known(&own.name)),
                node: known(&config.peers.node_name),
            },
            counts,
            peers: Some((peers, view)),
        }
    }

    /// Nothing but the pod itself.
    #[cfg(test)]
    pub(super) fn alone() -> Sources {
        Sources {
            pod: Pod::default(),
            counts: watch::channel(None).1,
            peers: None,
        }
    }

    /// Orders by state.
    pub(super) fn orders(&self) -> Option<Orders> {
        let counts = self.counts.borrow();
        let counts = counts.as_ref()?;
        let age = SystemClock.now().millis() - counts.counted_at.millis();
        let in_state = |(state, count): &(order_core::domain::State, order_core::ports::Count)| {
            OrdersInState {
                state: state.as_str().to_owned(),
                count: count.number,
                capped: count.capped,
            }
        };
        Some(Orders {
            states: counts.orders_by_state.iter().map(in_state).collect(),
            held: Some(counts.held_orders.number),
            // By the store's clock, which may go before ours.
            counted_seconds_ago: u64::try_from(age / 1_000).unwrap_or_default(),
        })
    }

    /// How many dead letters and parked facts there are.
    pub(super) fn repair(&self) -> Option<Repair> {
        let counts = self.counts.borrow();
        let repair = &counts.as_ref()?.repair;
        let (dead, parked) = (repair.dead_letters(), repair.parked_facts);
        Some(Repair {
            dead_letters: dead.number,
            parked: parked.number,
            capped: dead.capped || parked.capped,
        })
    }

    /// The replicas, where anybody is looked for.
    pub(super) fn peers(&self) -> Option<Peers> {
        let view = self.peers.as_ref()?.1.borrow();
        (view.source != "none").then(|| Peers {
            source: view.source.to_owned(),
            total: count(view.total),
            healthy: count(view.healthy),
            unhealthy: count(view.unhealthy),
            pods: view.pods.iter().map(peer).collect(),
            trouble: view.trouble.clone(),
        })
    }

    /// The cluster's policies.
    pub(super) fn policies(&self) -> Option<Policies> {
        let view = self.peers.as_ref()?.1.borrow();
        let policies = view.policies.as_ref()?;
        Some(Policies {
            network_policies: counted(&policies.network_policies),
            multi_network_policies: counted(&policies.multi_network_policies),
            network_attachment_definitions: counted(&policies.network_attachment_definitions),
            enforced: policies.enforced.answer.name().to_owned(),
            why: policies.enforced.reason.clone(),
        })
    }

    /// Asks a peer by its name.
    pub(super) fn ask(&self, pod: String) -> Told {
        let peers = self.peers.as_ref().map(|(peers, _)| peers.clone());
        Box::pin(async move {
            let peers = peers.ok_or(PeerFailure::Unknown)?;
            let told = peers.status_of(&pod).await;
            told.map_err(|error| match error {
                StatusError::NoSuch(_) => PeerFailure::Unknown,
                error => PeerFailure::Unreachable(error.to_string()),
            })
        })
    }
}

fn peer(pod: &PodView) -> Peer {
    Peer {
        name: pod.name.clone(),
        node: known(&pod.node),
        address: pod.address.clone(),
        ready: pod.ready,
        why: known(&pod.why),
        version: known(&pod.version),
        is_self: pod.own,
    }
}

fn counted(count: &adapter_peers::Count) -> Counted {
    match count {
        adapter_peers::Count::Known(number) => Counted::Number(*number),
        other => Counted::Words(other.to_string()),
    }
}

fn known(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
