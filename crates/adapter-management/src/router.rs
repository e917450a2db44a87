//! Which path is answered by which room.

use crate::{Management, error, metrics, probes, status};
use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::body::Body;
use std::sync::Arc;

/// The management plane's paths. Reads only; no request may bring a body.
pub fn router(management: Management) -> Router {
    Router::new()
        .route("/", get(status::page))
        .route("/api/status", get(status::json))
        .route("/metrics", get(metrics::scrape))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/health", get(probes::health))
        .fallback(error::not_found)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn(refuse_bodies))
        .with_state(Arc::new(management))
}

/// The router adds `Allow` to what this answers.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        error::method_not_allowed(&method)
    }
}

async fn refuse_bodies(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        next.run(request).await
    } else {
        error::body_not_accepted()
    }
}
