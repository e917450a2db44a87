//! How often a caller may call: who it is, and what takes from its quota.

use crate::error::Problem;
use crate::method::Method;
use http::Extensions;
use order_core::ports::{RateLimiter, caller_at};
use std::net::IpAddr;

/// The address that a call's connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who calls, as limits count it: the peer's address, until certificates name callers. The only place of
/// this edge that says so.
fn caller(extensions: &Extensions) -> String {
    match extensions.get::<Peer>() {
        Some(Peer(peer)) => caller_at(*peer),
        None => "unknown".to_owned(),
    }
}

/// Takes one call from the caller's quota. Health is never limited: a busy caller is no reason to
/// restart the pod.
pub(crate) async fn take(
    limiter: &dyn RateLimiter,
    method: Method,
    extensions: &Extensions,
) -> Result<(), Problem> {
    if matches!(method, Method::HealthCheck | Method::HealthWatch) {
        return Ok(());
    }
    let decision = limiter.take(&caller(extensions), 1).await;
    if decision.allowed {
        Ok(())
    } else {
        Err(Problem::rate_limited(decision.retry_after_millis))
    }
}
