//! Where replicas are looked for, by what, and every bound.

use crate::target::Target;
use planes::{Plane, Resolver};
use std::path::PathBuf;
use std::time::Duration;
use tls::ClientTls;

/// Where a pod finds its service account ("Accessing the Kubernetes API from a Pod").
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What is asked, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the others are looked for.
    pub source: Source,
    /// Who this replica is.
    pub own: Own,
    /// By which plane replicas are asked.
    pub management: Plane,
    /// Who knows the addresses of names.
    pub resolver: Resolver,
    /// Whom of the replicas to trust, and with what to prove ourselves, where they are asked by `https`.
    pub tls: ClientTls,
    /// The bounds.
    pub limits: Limits,
}

/// Who this replica is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The pod's name, or the host's.
    pub name: String,
    /// The node; empty: not told.
    pub node: String,
    /// The version that runs here.
    pub version: String,
}

/// Where the other replicas are looked for.
#[derive(Clone, Debug)]
pub enum Source {
    /// Nowhere: this one is shown alone.
    Nowhere,
    /// Somebody listed their management ports.
    Listed(Vec<Target>),
    /// Kubernetes knows them.
    Kubernetes(InCluster),
}

/// The Kubernetes API as a pod reaches it.
#[derive(Clone, Debug)]
pub struct InCluster {
    /// `KUBERNETES_SERVICE_HOST`, an address or a name.
    pub host: String,
    /// `KUBERNETES_SERVICE_PORT`.
    pub port: String,
    /// The folder of the service account: `token`, `ca.crt`, `namespace`, each read at every question, since
    /// they are exchanged while the pod runs.
    pub service_account: PathBuf,
    /// Which pods are replicas: `app=order-service`.
    pub label_selector: String,
    /// By which plane the API is asked.
    pub plane: Plane,
    /// The port of every replica's management listener.
    pub management_port: u16,
    /// Whether that listener speaks TLS.
    pub management_tls: bool,
}

impl InCluster {
    /// Where the service account is in every pod.
    pub fn usual_service_account() -> PathBuf {
        SERVICE_ACCOUNT.into()
    }
}

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Replicas that are asked; more are told of and left out.
    pub max_peers: usize,
    /// Replicas that are asked at a time.
    pub at_once: usize,
    /// How often each is asked; a third of it earlier or later, so that replicas do not ask in step.
    pub ask_every: Duration,
    /// How long one may take to answer.
    pub ask_timeout: Duration,
    /// The largest answer of one, in bytes.
    pub max_answer_bytes: usize,
    /// How often Kubernetes is asked; a third of it earlier or later.
    pub look_every: Duration,
    /// How long Kubernetes may take for each question.
    pub look_timeout: Duration,
    /// The largest answer of Kubernetes, in bytes: 64 pods whose every field was set by some controller
    /// take about 2 MiB.
    pub max_list_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_peers: 64,
            at_once: 8,
            ask_every: Duration::from_secs(5),
            ask_timeout: Duration::from_secs(2),
            max_answer_bytes: 256 * 1024,
            look_every: Duration::from_secs(30),
            look_timeout: Duration::from_secs(5),
            max_list_bytes: 8 * 1024 * 1024,
        }
    }
}
