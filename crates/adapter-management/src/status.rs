//! `/api/status`: what runs here and how it does, as JSON; and the same of a peer.

use crate::snapshot::Snapshot;
use crate::{Management, PeerFailure, error};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use order_core::ports::Component;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Who asks a peer by us waits no longer, however long the peer takes.
const PEER_TIMEOUT: Duration = Duration::from_secs(5);
/// More than this is no status of ours.
const MAX_PEER_STATUS_BYTES: usize = 512 * 1024;

/// `/api/status`: 200 whatever it shows; the probes are what answers with a status.
pub(crate) async fn json(State(management): State<Arc<Management>>) -> Response {
    let snapshot = management.overview.snapshot().await;
    let status = Status::of(&management, &snapshot);
    ([(header::CACHE_CONTROL, "no-store")], Json(status)).into_response()
}

/// `/api/peers/{pod}/status`: a peer's `/api/status` as the peer tells it, for whoever reaches this pod and
/// not that one.
pub(crate) async fn of_peer(
    State(management): State<Arc<Management>>,
    Path(pod): Path<String>,
) -> Response {
    let asked = timeout(PEER_TIMEOUT, management.overview.status_of(&pod)).await;
    let slow = || {
        Err(PeerFailure::Unreachable(format!(
            "no answer within {PEER_TIMEOUT:?}"
        )))
    };
    match asked.unwrap_or_else(|_| slow()) {
        Ok(status) if status.len() <= MAX_PEER_STATUS_BYTES => {
            let headers = [
                (header::CACHE_CONTROL, "no-store"),
                (header::CONTENT_TYPE, "application/json"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, status).into_response()
        }
        Ok(_) => error::peer_unreachable(
            &pod,
            &format!("its answer is longer than {MAX_PEER_STATUS_BYTES} bytes"),
        ),
        Err(PeerFailure::Unknown) => error::no_such_peer(&pod),
        Err(PeerFailure::Unreachable(why)) => error::peer_unreachable(&pod, &why),
    }
}

/// The service and what it depends on, as of now, with what was gathered of the pod.
#[derive(Serialize)]
pub(crate) struct Status<'a> {
    name: &'static str,
    version: &'static str,
    uptime_seconds: u64,
    ready: bool,
    components: Vec<ComponentJson>,
    #[serde(flatten)]
    snapshot: &'a Snapshot,
}

impl<'a> Status<'a> {
    pub(crate) fn of(management: &Management, snapshot: &'a Snapshot) -> Status<'a> {
        let report = management.health.report();
        Status {
            name: management.name,
            version: management.version,
            uptime_seconds: management.started.elapsed().as_secs(),
            ready: report.ready,
            components: report.components.iter().map(ComponentJson::from).collect(),
            snapshot,
        }
    }
}

/// A component as JSON shows it.
#[derive(Serialize)]
pub(crate) struct ComponentJson {
    name: String,
    ok: bool,
    required: bool,
    detail: String,
}

impl From<&Component> for ComponentJson {
    fn from(component: &Component) -> Self {
        Self {
            name: component.name.clone(),
            ok: component.ok,
            required: component.required,
            detail: component.detail.clone(),
        }
    }
}
