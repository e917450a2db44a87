//! The rules of [`RateLimiter`].

use crate::fakes::ManualClock;
use crate::samples::ODD_TEXTS;
use order_core::ports::{Rate, RateDecision, RateLimiter};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The limiter under test, with buckets of [`RATE`].
#[derive(Clone)]
pub struct Limiter {
    /// The limiter.
    pub limiter: Arc<dyn RateLimiter>,
    /// The clock by which its buckets are kept: its wall time, or what the test gives in place of it.
    pub clock: Arc<ManualClock>,
}

/// Tokens in a full bucket.
const BURST: u32 = 40;
/// Tokens a second; no divisor of 1,000, so that rounding shows.
const TOKENS: u32 = 7;

/// What the buckets under test are like.
pub const RATE: Rate = Rate {
    tokens: TOKENS,
    period_millis: 1_000,
    burst: BURST,
};

/// What no call may exceed, by the contract.
const CALL_MILLIS: u64 = 50;
/// Calls that are measured together, so that one hiccup of the machine is no failure.
const CALLS: u64 = 20;

async fn take(under_test: &Limiter, tokens: u32) -> RateDecision {
    under_test.limiter.take("caller", tokens).await
}

async fn taken(under_test: &Limiter, tokens: u32) -> bool {
    take(under_test, tokens).await.allowed
}

/// As [`take`], by what matters to most rules: taken or not, what is left.
async fn left(under_test: &Limiter, tokens: u32) -> (bool, u32) {
    let said = take(under_test, tokens).await;
    assert_eq!(said.burst, BURST);
    assert_eq!(said.allowed, said.retry_after_millis == 0, "{said:?}");
    (said.allowed, said.remaining)
}

/// A new caller has a full bucket, and what was taken is gone.
pub async fn a_new_caller_has_a_full_bucket(limiter: Limiter) {
    assert_eq!(limiter.limiter.rate(), RATE);
    assert_eq!(left(&limiter, 0).await, (true, BURST));
    assert_eq!(take(&limiter, 0).await.full_after_millis, 0);
    assert_eq!(left(&limiter, 1).await, (true, BURST - 1));
    assert_eq!(left(&limiter, BURST - 1).await, (true, 0));
    assert!(!taken(&limiter, 1).await);
    // 40 tokens of which 7 come a second.
    assert_eq!(take(&limiter, 0).await.full_after_millis, 5_715);
}

/// A call that asks for more than is left takes nothing.
pub async fn who_asks_for_too_much_takes_nothing(limiter: Limiter) {
    assert!(!taken(&limiter, BURST + 1).await);
    assert_eq!(left(&limiter, BURST - 3).await, (true, 3));
    for _ in 0..10 {
        assert_eq!(left(&limiter, 4).await, (false, 3));
    }
    assert_eq!(left(&limiter, 3).await, (true, 0));
}

/// A bucket gains its rate each second, however often it is looked at, and loses no fraction.
pub async fn a_bucket_gains_its_rate(limiter: Limiter) {
    assert_eq!(left(&limiter, BURST).await, (true, 0));
    for millis in 1..1_000 {
        limiter.clock.advance(1);
        let tokens = u32::try_from(millis * u64::from(TOKENS) / 1_000).unwrap();
        assert_eq!(left(&limiter, 0).await, (true, tokens), "after {millis} ms");
    }
    limiter.clock.advance(1);
    assert_eq!(left(&limiter, TOKENS).await, (true, 0));
    let mut count = 0;
    for _ in 1..=100 {
        limiter.clock.advance(100);
        count += u32::from(taken(&limiter, 1).await);
    }
    assert_eq!(count, TOKENS * 10, "ten seconds give ten times the rate");
}

/// A bucket never holds more than its burst.
pub async fn a_bucket_never_overflows(limiter: Limiter) {
    take(&limiter, BURST).await;
    limiter.clock.advance(365 * 24 * 3_600 * 1_000);
    assert_eq!(left(&limiter, 0).await, (true, BURST));
    assert!(!taken(&limiter, BURST + 1).await);
    assert_eq!(left(&limiter, BURST).await, (true, 0));
}

/// After the time that a refusal names, and not a millisecond before, the tokens are there.
pub async fn a_refusal_names_the_time_to_wait(limiter: Limiter) {
    take(&limiter, BURST).await;
    for tokens in [1, 2, 7, 11, BURST] {
        let refused = take(&limiter, tokens).await;
        assert!(!refused.allowed && refused.retry_after_millis > 0);
        let wait = i64::try_from(refused.retry_after_millis).unwrap();
        limiter.clock.advance(wait - 1);
        assert!(
            !taken(&limiter, tokens).await,
            "{tokens} tokens, a millisecond early"
        );
        limiter.clock.advance(1);
        assert!(
            taken(&limiter, tokens).await,
            "{tokens} tokens after {wait} ms"
        );
    }
}

/// Callers have buckets of their own, whatever they are called.
pub async fn callers_stand_apart(limiter: Limiter) {
    let long = "x".repeat(4_000);
    let mut names: Vec<&str> = vec![
        "",
        "a",
        "A",
        "a ",
        "a:b",
        "a:",
        "{a}b",
        "{a}",
        "*",
        "?",
        &long,
        &long[1..],
    ];
    names.extend(ODD_TEXTS);
    for name in &names {
        let said = limiter.limiter.take(name, BURST).await;
        assert!(said.allowed, "{name:?}");
    }
    for name in &names {
        assert!(!limiter.limiter.take(name, 1).await.allowed, "{name:?}");
    }
}

/// A clock that steps back gives no tokens for the step, and does not freeze the bucket either: it
/// fills on from there.
pub async fn a_clock_that_steps_back_gives_nothing(limiter: Limiter) {
    take(&limiter, BURST).await;
    for millis in [-1, -10_000, -30 * 24 * 3_600 * 1_000] {
        limiter.clock.advance(millis);
        assert!(!taken(&limiter, 1).await, "{millis} ms");
    }
    limiter.clock.advance(999);
    assert_eq!(left(&limiter, TOKENS).await, (false, TOKENS - 1));
    limiter.clock.advance(1);
    assert_eq!(left(&limiter, TOKENS).await, (true, 0));
}

/// Of 100 callers at once under one name, as many pass as there are tokens.
pub async fn as_many_pass_as_there_are_tokens(limiter: Limiter) {
    let mut calls = Vec::new();
    for _ in 0..100 {
        let limiter = limiter.clone();
        calls.push(tokio::spawn(async move { taken(&limiter, 1).await }));
    }
    let mut passed = 0;
    for call in calls {
        passed += u32::from(call.await.unwrap());
    }
    assert_eq!(passed, BURST);
}

/// A limiter whose shared state is away still limits, by what this process knows, and makes nobody
/// wait for more than 50 ms.
pub async fn a_limiter_that_is_alone_goes_on(limiter: Limiter) {
    let started = Instant::now();
    let mut passed = 0;
    for _ in 0..CALLS {
        passed += u64::from(taken(&limiter, BURST / 4).await);
    }
    let took = started.elapsed();
    let longest = Duration::from_millis(CALL_MILLIS * CALLS);
    assert!(took <= longest, "{CALLS} calls took {took:?}");
    // By real time a slow machine may see tokens come back.
    let came_back = took.as_secs() * u64::from(TOKENS) / u64::from(BURST / 4);
    assert!(
        (4..=4 + came_back).contains(&passed),
        "a bucket is given out once, {passed} times a quarter was"
    );
}
