//! The probes: `/livez`, `/readyz`, `/health`.

use crate::Management;
use crate::status::ComponentJson;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use order_core::ports::HealthReport;
use serde::Serialize;
use std::sync::Arc;

const TEXT: &str = "text/plain; charset=utf-8";

/// 200 as long as the loop runs; never depends on a plane or on any other dependency, since a
/// restart would not bring those back.
pub(crate) async fn livez() -> Response {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// 200 when traffic may come, else 503. `?verbose` names each component, as Kubernetes' own
/// components do; a refusal always does, because the kubelet writes it into the pod's events.
pub(crate) async fn readyz(State(management): State<Arc<Management>>, uri: Uri) -> Response {
    let report = management.health.report();
    let body = if report.ready && !is_verbose(&uri) {
        "ok\n".to_owned()
    } else {
        report.to_string()
    };
    text(readiness(&report), body)
}

/// The same as JSON.
pub(crate) async fn health(State(management): State<Arc<Management>>) -> Response {
    let report = management.health.report();
    let body = HealthJson {
        version: management.version,
        pod: management.pod.clone(),
        status: if report.ready { "ready" } else { "not_ready" },
        components: report.components.iter().map(ComponentJson::from).collect(),
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (readiness(&report), headers, Json(body)).into_response()
}

#[derive(Serialize)]
struct HealthJson {
    status: &'static str,
    /// For replicas that look at each other.
    version: &'static str,
    /// The pod's name, so that two pods with one address are noticed; none where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
    components: Vec<ComponentJson>,
}

fn readiness(report: &HealthReport) -> StatusCode {
    if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// `?verbose`, whatever value it has, as in Kubernetes.
fn is_verbose(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some("verbose"))
}

fn text(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, TEXT),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}
