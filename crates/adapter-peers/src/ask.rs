//! Asks one replica how it is, and says in words why that is not known.

use crate::config::Config;
use crate::fetch::{self, Bounds, FetchError};
use crate::find::Candidate;
use crate::status;
use crate::target::Target;
use crate::view::PodView;
use crate::wire::Health;
use bytes::Bytes;
use http::StatusCode;
use outbound::{ConnectError, ConnectorOptions};
use planes::PlaneError;
use serde::de::IgnoredAny;

/// How a replica is: cheap to answer, so that many may ask.
const HEALTH: &str = "/health";
/// Everything that it tells of itself.
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
            Ok(target) => self.health(target).await,
            Err(reason) => Err(reason.clone()),
        };
        match answer {
            Ok(health) => {
                pod.ready = status::is_ready(&health);
                pod.version = status::version(&health);
                pod.why = status::why(&health);
                pod.answered_as = health.pod;
            }
            Err(reason) => pod.why = reason,
        }
        // Kubernetes knows why a pod that does not run yet has no answer.
        if !candidate.trouble.is_empty() && !pod.ready {
            pod.why = format!("{}; {}", candidate.trouble, pod.why);
        }
        pod
    }

    async fn health(&self, target: &Target) -> Result<Health, String> {
        // One that is not ready says so by 503, and why in the body.
        let told = [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE];
        let body = self.fetch(target, HEALTH, &told).await?;
        serde_json::from_slice(&body)
            .map_err(|error| format!("what answers at {target} is no order service: {error}"))
    }

    /// Its `/api/status`, as it came.
    pub(crate) async fn whole_status(&self, target: &Target) -> Result<String, String> {
        let body = self.fetch(target, STATUS, &[StatusCode::OK]).await?;
        let no_json = |error| format!("what answers at {target} is no JSON: {error}");
        let _: IgnoredAny = serde_json::from_slice(&body).map_err(no_json)?;
        // JSON is UTF-8, so nothing is lost.
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// What it answers with one of these, or why it does not, with where it was asked.
    async fn fetch(
        &self,
        target: &Target,
        path: &str,
        wanted: &[StatusCode],
    ) -> Result<Bytes, String> {
        let plane = self.options.plane.kind();
        let uri = target.uri(path).map_err(|error| error.to_string())?;
        let fetched = fetch::get(self.options.clone(), uri, None, self.bounds).await;
        let fetched = fetched.map_err(|error| {
            let reason = reason(&error);
            format!("cannot be reached by the {plane} at {target}: {reason}")
        })?;
        if wanted.contains(&fetched.status) {
            return Ok(fetched.body);
        }
        let status = fetched.status.as_u16();
        Err(format!("answered {status} by the {plane} at {target}"))
    }
}

/// Without what stands before it already: the plane and the address.
fn reason(error: &FetchError) -> String {
    match error {
        FetchError::Connect(ConnectError::Plane(PlaneError::Connect { source, by, .. })) => {
            match by {
                Some(by) => format!("{source}, said {by} on the way"),
                None => source.to_string(),
            }
        }
        error => error.to_string(),
    }
}
