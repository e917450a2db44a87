//! What is known of all replicas, as the dashboard shows it.

use crate::policies::Policies;
use serde::Serialize;

/// All replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct View {
    /// Who named them: `kubernetes`, `settings`, or `none` where this one is shown alone.
    pub source: &'static str,
    /// How many are shown.
    pub total: usize,
    /// How many of them are ready.
    pub healthy: usize,
    /// How many are not, or do not answer.
    pub unhealthy: usize,
    /// Each, by name.
    pub pods: Vec<PodView>,
    /// What Kubernetes has of policies; nothing where it is not asked or was not reached yet.
    pub policies: Option<Policies>,
    /// Why not everything can be shown, and what to do.
    pub trouble: Option<String>,
}

/// A replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PodView {
    /// The pod's name; of a listed one its host and port.
    pub name: String,
    /// The node; empty: not known.
    pub node: String,
    /// Its management port, `10.10.0.12:9091`; none where it has no address or is this one.
    pub address: Option<String>,
    /// Kubernetes' word: `Running`, `Pending`, `Terminating`; empty: Kubernetes was not asked.
    pub phase: String,
    /// Whether Kubernetes sends it traffic; none where Kubernetes was not asked.
    pub pod_ready: Option<bool>,
    /// Whether it says itself that it is ready.
    pub ready: bool,
    /// What is wrong with it, in its own words or in ours; empty: nothing.
    pub why: String,
    /// The other replica that answers at its address: two pods have it (IPD001).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_as: Option<String>,
    /// What runs there; empty: not known.
    pub version: String,
    /// Whether it is this one.
    #[serde(rename = "self")]
    pub own: bool,
}

impl View {
    /// Of these, whom `source` named.
    pub(crate) fn of(source: &'static str, mut pods: Vec<PodView>) -> View {
        pods.sort_by(|one, other| one.name.cmp(&other.name));
        let healthy = pods.iter().filter(|pod| pod.ready).count();
        View {
            source,
            total: pods.len(),
            healthy,
            unhealthy: pods.len() - healthy,
            pods,
            policies: None,
            trouble: None,
        }
    }
}
