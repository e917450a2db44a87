//! `/api/netcheck`: what is wrong with the networks of this pod, as the running service sees it.

use crate::{Management, error};
use async_trait::async_trait;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Whoever checks the networks of this pod.
#[async_trait]
pub trait NetworkChecks: Send + Sync {
    /// The report as JSON: `{"findings": [{"id", "severity", "subject", "evidence", "advice"}],
    /// "cannot_tell": [{"id", "reason"}]}`, at most some seconds old. Fails with the reason where the
    /// kernel refuses its questions. Takes some seconds where a peer does not answer; bounded.
    async fn report(&self) -> Result<Arc<str>, String>;
}

/// 200 whatever was found, 503 with the reason where nothing could be looked at.
pub(crate) async fn report(State(management): State<Arc<Management>>) -> Response {
    match management.network.report().await {
        Ok(report) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, report.to_string()).into_response()
        }
        Err(reason) => error::netcheck_failed(&reason),
    }
}
