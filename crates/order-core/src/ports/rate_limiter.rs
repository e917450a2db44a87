//! How often a caller may call.

use crate::domain::Timestamp;
use async_trait::async_trait;

/// A token bucket for each caller, shared by all replicas where it can be.
///
/// Contract: a bucket holds at most `burst` tokens and gains `rate` a second; a call that asks for
/// more than is left takes nothing. A limiter whose shared state is away goes on with what this
/// process knows; it never fails a caller, and never makes one wait for more than 50 ms.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes `tokens` from the caller's bucket at `now`, if they are there.
    async fn take(&self, caller: &str, tokens: u32, now: Timestamp) -> RateDecision;
}

/// What the bucket said; the `RateLimit` header fields are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateDecision {
    /// Whether the tokens were taken.
    pub allowed: bool,
    /// The bucket's size.
    pub burst: u32,
    /// Tokens that are left.
    pub remaining: u32,
    /// Milliseconds until as many tokens as were asked for are there; 0 if they are.
    pub retry_after_millis: u64,
}
