//! Asks one replica how it is, and says in words why that is not known.

use crate::config::Config;
use crate::fetch::{self, Bounds, FetchError};
use crate::find::Candidate;
use crate::status;
use crate::target::Target;
use crate::view::PodView;
use crate::wire::Status;
use bytes::Bytes;
use http::StatusCode;
use outbound::{ConnectError, ConnectorOptions};
use planes::PlaneError;

/// What a replica tells of itself.
const STATUS: &str = "/api/status";

/// Why a replica's status cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Nobody has this name.
    #[error("no replica is named {0}")]
    NoSuch(String),
    /// It is this one, which knows without asking.
    #[error("{0} is this replica: its status is /api/status")]
    Own(String),
    /// It has no address that could be asked.
    #[error("{name} cannot be asked: {reason}")]
    NotAsked {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// It was asked in vain.
    #[error("{name}: {reason}")]
    NoAnswer {
        /// Which.
        name: String,
        /// Why, and where it was asked.
        reason: String,
    },
}

/// The longest name of a pod, in characters (RFC 1123).
const MAX_NAME_CHARS: usize = 253;

/// How the replicas of one round are asked.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    options: ConnectorOptions,
    bounds: Bounds,
}

impl Asker {
    /// By the management plane. Who has no name of their own, found by Kubernetes with an address alone, must
    /// prove the first DNS name of our own certificate: replicas share it. Reads a file.
    pub(crate) fn new(config: &Config, by_address: bool) -> Asker {
        let (plane, resolver) = (config.management.clone(), config.resolver.clone());
        let identity = config.tls.identity.as_ref().filter(|_| by_address);
        // Files that cannot be read are told when a connection is tried.
        let names = identity.and_then(|identity| identity.names().ok());
        let name = names.and_then(|names| names.into_iter().find(|name| !name.contains(':')));
        Asker {
            options: ConnectorOptions {
                tls: config.tls.clone(),
                server_name: name,
                ..ConnectorOptions::by(plane, resolver)
            },
            bounds: Bounds {
                within: config.limits.ask_timeout,
                max_bytes: config.limits.max_answer_bytes,
            },
        }
    }

    /// How the replica is.
    pub(crate) async fn look(&self, candidate: &Candidate) -> PodView {
        let mut pod = PodView {
            name: candidate.name.clone(),
            node: candidate.node.clone(),
            address: candidate.at.as_ref().ok().map(ToString::to_string),
            phase: candidate.phase.clone(),
            pod_ready: candidate.pod_ready,
            ..PodView::default()
        };
        let answer = match &candidate.at {
            Ok(target) => self.status(target).await,
            Err(reason) => Err(reason.clone()),
        };
        match answer {
            Ok(status) => {
                pod.ready = status.ready;
                pod.version = status::version(&status);
                pod.why = status::why(&status);
                // Of one that is listed the name is not known.
                let answered = status.pod.and_then(|pod| pod.name);
                pod.answered_as = answered.filter(|_| !candidate.phase.is_empty());
                if let Some(other) = pod.answered_as.as_ref().filter(|name| **name != pod.name) {
                    let other = status::clipped(other, MAX_NAME_CHARS);
                    pod.ready = false;
                    pod.why =
                        format!("{other} answers at its address, so two pods have it (IPD001)");
                }
            }
            Err(reason) => pod.why = reason,
        }
        // Kubernetes knows why a pod that does not run yet has no answer.
        if !candidate.trouble.is_empty() && !pod.ready {
            pod.why = format!("{}; {}", candidate.trouble, pod.why);
        }
        pod
    }

    async fn status(&self, target: &Target) -> Result<Status, String> {
        let body = self.fetch(target).await?;
        serde_json::from_slice(&body)
            .map_err(|error| format!("what answers at {target} is no order service: {error}"))
    }

    /// What it answers, or why it does not, with where it was asked.
    pub(crate) async fn fetch(&self, target: &Target) -> Result<Bytes, String> {
        let plane = self.options.plane.kind();
        let uri = target.uri(STATUS).map_err(|error| error.to_string())?;
        let fetched = fetch::get(self.options.clone(), uri, None, self.bounds).await;
        let fetched = fetched.map_err(|error| {
            let reason = reason(&error);
            format!("cannot be reached by the {plane} at {target}: {reason}")
        })?;
        if fetched.status != StatusCode::OK {
            let status = fetched.status.as_u16();
            return Err(format!("answered {status} by the {plane} at {target}"));
        }
        Ok(fetched.body)
    }
}

/// Without what stands before it already: the plane and the address.
fn reason(error: &FetchError) -> String {
    match error {
        FetchError::Connect(ConnectError::Plane(PlaneError::Connect { source, .. })) => {
            source.to_string()
        }
        error => error.to_string(),
    }
}
