//! How often a caller may call: what takes from its quota.

use crate::error::Problem;
use crate::method::Method;
use crate::visitor::Visitor;
use order_core::ports::RateLimiter;

/// Takes one call from the caller's quota. Health is never limited: a busy caller is no reason to
/// restart the pod.
pub(crate) async fn take(
    limiter: &dyn RateLimiter,
    method: Method,
    visitor: &Visitor,
) -> Result<(), Problem> {
    if matches!(method, Method::HealthCheck | Method::HealthWatch) {
        return Ok(());
    }
    let decision = limiter.take(visitor.standing.quota(), 1).await;
    if decision.allowed {
        Ok(())
    } else {
        Err(Problem::rate_limited(decision.retry_after_millis))
    }
}
