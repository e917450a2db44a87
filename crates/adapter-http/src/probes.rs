//! `GET /livez`, `/readyz`, `/health`: what orchestrators and people ask of the service.
//!
//! Query parameters beside `verbose` are ignored: a probe must not fail for its spelling.

use crate::answer::{self, Answer};
use crate::call::Call;
use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use order_core::ports::{Component, HealthReport, HealthSource};
use order_json::to_vec;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// The service's health.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView<'a> {
    /// `ready` or `not_ready`.
    #[schema(pattern = "^(ready|not_ready)$")]
    status: &'static str,
    /// Each dependency and plane.
    #[serde(serialize_with = "components")]
    #[schema(value_type = Vec<ComponentView>)]
    components: &'a [Component],
}

/// One dependency or plane.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthComponent)]
struct ComponentView<'a> {
    /// Its name, such as `store`.
    name: &'a str,
    /// Whether it works.
    ok: bool,
    /// Whether readiness depends on it.
    required: bool,
    /// More, for people; may be empty.
    detail: &'a str,
}

/// Whether the process lives.
///
/// Never depends on a dependency or a plane.
#[utoipa::path(get, path = "/livez", operation_id = "livez", tag = "health",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain")))]
pub(crate) fn livez() -> Answer {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// Whether traffic should come here.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "health",
    params(("verbose" = Option<String>, Query, allow_reserved, description = "Names each dependency and plane, whatever its value")),
    responses(
        (status = 200, description = "Ready", body = String, content_type = "text/plain"),
        (status = 503, description = "Not ready", body = String, content_type = "text/plain")
    ))]
pub(crate) fn readyz(call: &Call<'_>, health: &dyn HealthSource) -> Answer {
    let report = health.report();
    let verbose = call
        .query
        .split('&')
        .any(|pair| pair.split('=').next() == Some("verbose"));
    let body = match (verbose, report.ready) {
        (true, _) => report.to_string(),
        (false, true) => "ready\n".to_owned(),
        (false, false) => "not ready\n".to_owned(),
    };
    text(status(&report), body)
}

/// The service's health in full.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "health",
    responses(
        (status = 200, description = "Ready", body = HealthView, content_type = "application/json"),
        (status = 503, description = "Not ready", body = HealthView, content_type = "application/json")
    ))]
pub(crate) fn health(health: &dyn HealthSource) -> Answer {
    let report = health.report();
    let view = HealthView {
        status: if report.ready { "ready" } else { "not_ready" },
        components: &report.components,
    };
    let mut answer = answer::json(to_vec(&view));
    *answer.status_mut() = status(&report);
    answer
}

const fn status(report: &HealthReport) -> StatusCode {
    if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

fn text(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn components<S: Serializer>(list: &&[Component], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|one| ComponentView {
        name: &one.name,
        ok: one.ok,
        required: one.required,
        detail: &one.detail,
    }))
}
