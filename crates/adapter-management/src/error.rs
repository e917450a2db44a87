//! Errors as `application/problem+json` (RFC 9457): the one way out for what went wrong.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use order_core::app::{AppError, RepairError};
use order_core::domain::{Refusal, Violations};
use order_core::ports::{Caller, Role, StoreError};
use serde::Serialize;

/// A problem as it is sent. Its `type` is `about:blank`: the status says it all.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    /// Everything that is wrong with the query.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violations: &'a [ViolationJson<'a>],
}

#[derive(Serialize)]
struct ViolationJson<'a> {
    field: &'a str,
    reason: &'a str,
}

pub(crate) async fn not_found(uri: Uri) -> Response {
    let detail = format!(
        "There is nothing at {}. The management plane has /, /api/status, /api/status/stream, /api/peers/{{pod}}/status, /api/netcheck, /metrics, /livez, /readyz and /health; for administrators /api/dead-letters and /api/parked.",
        uri.path()
    );
    problem(StatusCode::NOT_FOUND, "not_found", &detail)
}

pub(crate) fn method_not_allowed(method: &Method) -> Response {
    let detail = format!("{method} is not answered here; the Allow header names what is.");
    problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &detail,
    )
}

pub(crate) fn body_not_accepted() -> Response {
    let detail = "The management plane takes no bodies: send none.";
    problem(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
}

/// The registry could not be written as text: a defect of ours, since writing to memory cannot fail.
pub(crate) fn metrics_failed() -> Response {
    let detail = "The metrics could not be encoded, which is a defect: report it with the service's version.";
    problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}

/// The kernel, or a seccomp profile, refuses the questions.
pub(crate) fn netcheck_failed(reason: &str) -> Response {
    let detail = format!("The networks could not be looked at: {reason}");
    problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &detail)
}

/// No peer has this name.
pub(crate) fn no_such_peer(pod: &str) -> Response {
    let detail = format!(
        "No peer is named {pod}; /api/status names those that there are, where PEERS or Kubernetes tells of them."
    );
    problem(StatusCode::NOT_FOUND, "no_such_peer", &detail)
}

/// A peer did not answer, or not with a status (RFC 9110 section 15.6.3).
pub(crate) fn peer_unreachable(pod: &str, why: &str) -> Response {
    let detail = format!("{pod} does not tell its status: {why}");
    problem(StatusCode::BAD_GATEWAY, "peer_unreachable", &detail)
}

/// As many watch as may.
pub(crate) fn too_many_streams(most: usize, retry_seconds: u64) -> Response {
    let detail = format!(
        "{most} streams are open, which is the most: close a dashboard, or ask /api/status instead."
    );
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", &detail);
    let retry = HeaderValue::from(retry_seconds);
    response.headers_mut().insert(header::RETRY_AFTER, retry);
    response
}

/// Nobody is known to ask: RFC 9110 section 15.5.2 wants to hear how one would be.
pub(crate) fn unauthenticated() -> Response {
    let detail = "This is for administrators: send the token of ADMIN_TOKEN_FILE as a bearer token, or come with a client certificate (MGMT_TLS_MODE=mtls) to which CALLERS_FILE gives the role admin.";
    challenged(detail, "Bearer")
}

/// Somebody asks with a token that is none (RFC 6750 section 3.1).
pub(crate) fn wrong_token() -> Response {
    let detail =
        "The bearer token is not the one in ADMIN_TOKEN_FILE, or no ADMIN_TOKEN_FILE is set.";
    challenged(detail, "Bearer error=\"invalid_token\"")
}

/// A browser sends it for a page of another site.
pub(crate) fn cross_site() -> Response {
    let detail = "The request comes from a page of another site (Sec-Fetch-Site); such pages may not act here.";
    problem(StatusCode::FORBIDDEN, "cross_site_request", detail)
}

/// There is no such entry.
pub(crate) fn unknown_entry(name: &str) -> Response {
    let detail = format!(
        "There is no entry {name}; somebody may have redriven or dropped it. Read the list again."
    );
    problem(StatusCode::NOT_FOUND, "not_found", &detail)
}

/// The path has another method.
pub(crate) fn other_method_here(method: &Method, allow: &'static str) -> Response {
    let mut response = method_not_allowed(method);
    let allow = HeaderValue::from_static(allow);
    response.headers_mut().insert(header::ALLOW, allow);
    response
}

/// The query is wrong.
pub(crate) fn invalid(violations: &Violations) -> Response {
    let all: Vec<ViolationJson<'_>> = violations
        .as_slice()
        .iter()
        .map(|one| ViolationJson {
            field: &one.field,
            reason: &one.reason,
        })
        .collect();
    let detail = violations.to_string();
    problem_of(StatusCode::BAD_REQUEST, "invalid_argument", &detail, &all)
}

/// What the application answered instead of doing it.
pub(crate) fn not_repaired(error: &RepairError) -> Response {
    let detail = error.to_string();
    match error {
        RepairError::Unknown { id } => unknown_entry(&id.to_string()),
        RepairError::StillWrong { .. } => problem(StatusCode::CONFLICT, "still_wrong", &detail),
        RepairError::Incomplete { .. } => problem(StatusCode::CONFLICT, "incomplete", &detail),
        RepairError::NotNow { .. } => later("not_now", &detail),
        RepairError::App(error) => failed(error),
    }
}

/// A use case failed.
pub(crate) fn failed(error: &AppError) -> Response {
    let detail = error.to_string();
    match error {
        AppError::Refused(Refusal::Invalid(violations)) => invalid(violations),
        AppError::Store(StoreError::Corrupt { .. }) => {
            problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", &detail)
        }
        AppError::Contended { .. } => later("contended", &detail),
        _ => later("unavailable", &detail),
    }
}

fn later(code: &'static str, detail: &str) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, code, detail);
    let soon = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

fn challenged(detail: &str, challenge: &'static str) -> Response {
    let mut response = problem(StatusCode::UNAUTHORIZED, "unauthenticated", detail);
    let challenge = HeaderValue::from_static(challenge);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// Somebody asks who is known and may not.
pub(crate) fn permission_denied(caller: &Caller, role: Role) -> Response {
    let detail = format!(
        "{caller} lacks the role {role}, which this needs; CALLERS_FILE of the service gives roles, and ADMIN_TOKEN_FILE gives it to whoever bears the token."
    );
    problem(StatusCode::FORBIDDEN, "permission_denied", &detail)
}

fn problem(status: StatusCode, code: &'static str, detail: &str) -> Response {
    problem_of(status, code, detail, &[])
}

fn problem_of(
    status: StatusCode,
    code: &'static str,
    detail: &str,
    violations: &[ViolationJson<'_>],
) -> Response {
    let problem = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
        code,
        violations,
    };
    let headers = [(header::CONTENT_TYPE, "application/problem+json")];
    // Strings and a number: there is nothing in it that could fail to be JSON.
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    (status, headers, body).into_response()
}
