//! How often a caller may call: the fields that tell it, and the refusal.

use crate::answer::Answer;
use crate::error::Problem;
use crate::visitor::Visitor;
use http::HeaderValue;
use http::header::HeaderName;
use order_core::ports::{Rate, RateDecision, RateLimiter};
use std::sync::Arc;

/// The quota's name in the fields.
const POLICY: &str = "default";

/// What is left of the quota (draft-ietf-httpapi-ratelimit-headers-10 section 3).
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What the quota is (the same, section 2).
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The limits of an edge.
pub(crate) struct Limits {
    limiter: Arc<dyn RateLimiter>,
    policy: HeaderValue,
}

impl Limits {
    pub(crate) fn new(limiter: Arc<dyn RateLimiter>) -> Limits {
        let policy = text(&policy(limiter.rate()));
        Limits { limiter, policy }
    }

    /// Takes one call from the caller's quota.
    pub(crate) async fn take(&self, visitor: &Visitor) -> RateDecision {
        self.limiter.take(visitor.standing.quota(), 1).await
    }

    /// Tells what is left, in whole seconds from now.
    pub(crate) fn tell(&self, decision: RateDecision, answer: &mut Answer) {
        let until = if decision.allowed {
            decision.full_after_millis
        } else {
            decision.retry_after_millis
        };
        let left = format!(
            "\"{POLICY}\";r={};t={}",
            decision.remaining,
            until.div_ceil(1_000)
        );
        let headers = answer.headers_mut();
        headers.insert(RATE_LIMIT, text(&left));
        headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
    }
}

/// So many calls in so many seconds: a full bucket, and how long it takes to fill.
fn policy(rate: Rate) -> String {
    let window = rate.fill_millis().div_ceil(1_000).max(1);
    format!("\"{POLICY}\";q={};w={window}", rate.burst)
}

/// The problem of a caller that has used up its quota.
pub(crate) fn refusal(decision: RateDecision) -> Problem {
    Problem::rate_limited(decision.retry_after_millis)
}

fn text(visible_ascii: &str) -> HeaderValue {
    HeaderValue::from_str(visible_ascii).unwrap_or_else(|_| HeaderValue::from_static(""))
}
