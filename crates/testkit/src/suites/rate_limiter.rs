//! The rules of [`RateLimiter`].

use crate::Desk;
use crate::samples::ODD_TEXTS;
use order_core::domain::Timestamp;
use order_core::ports::{RateDecision, RateLimiter};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The limiter under test: buckets of [`BURST`] tokens that gain [`RATE`] a second.
pub type Limiter = Arc<dyn RateLimiter>;

/// Tokens a second; no divisor of 1,000, so that rounding shows.
pub const RATE: u32 = 7;
/// Tokens in a full bucket.
pub const BURST: u32 = 40;

/// What no call may exceed, by the contract.
const CALL_MILLIS: u64 = 50;
/// Calls that are measured together, so that one hiccup of the machine is no failure.
const CALLS: u64 = 20;

async fn take(limiter: &Limiter, tokens: u32, now: Timestamp) -> RateDecision {
    limiter.take("caller", tokens, now).await
}

fn allowed(remaining: u32) -> RateDecision {
    RateDecision {
        allowed: true,
        burst: BURST,
        remaining,
        retry_after_millis: 0,
    }
}

/// A new caller has a full bucket, and what was taken is gone.
pub async fn a_new_caller_has_a_full_bucket(limiter: Limiter) {
    let now = Desk::new().tick();
    assert_eq!(take(&limiter, 0, now).await, allowed(BURST));
    assert_eq!(take(&limiter, 1, now).await, allowed(BURST - 1));
    assert_eq!(take(&limiter, BURST - 1, now).await, allowed(0));
    assert!(!take(&limiter, 1, now).await.allowed);
}

/// A call that asks for more than is left takes nothing.
pub async fn who_asks_for_too_much_takes_nothing(limiter: Limiter) {
    let now = Desk::new().tick();
    assert!(!take(&limiter, BURST + 1, now).await.allowed);
    assert_eq!(take(&limiter, BURST - 3, now).await, allowed(3));
    for _ in 0..10 {
        let refused = take(&limiter, 4, now).await;
        assert_eq!(
            (refused.allowed, refused.burst, refused.remaining),
            (false, BURST, 3)
        );
    }
    assert_eq!(take(&limiter, 3, now).await, allowed(0));
}

/// A bucket gains its rate each second, however often it is looked at, and loses no fraction.
pub async fn a_bucket_gains_its_rate(limiter: Limiter) {
    let start = Desk::new().tick();
    assert_eq!(take(&limiter, BURST, start).await, allowed(0));
    for millis in 1..1_000 {
        let tokens = u32::try_from(millis * i64::from(RATE) / 1_000).unwrap();
        assert_eq!(
            take(&limiter, 0, start.plus_millis(millis)).await,
            allowed(tokens),
            "after {millis} ms"
        );
    }
    assert_eq!(
        take(&limiter, RATE, start.plus_millis(1_000)).await,
        allowed(0)
    );
    let mut taken = 0;
    for step in 1..=100 {
        let now = start.plus_millis(1_000 + step * 100);
        taken += u32::from(take(&limiter, 1, now).await.allowed);
    }
    assert_eq!(taken, RATE * 10, "ten seconds give ten times the rate");
}

/// A bucket never holds more than its burst.
pub async fn a_bucket_never_overflows(limiter: Limiter) {
    let start = Desk::new().tick();
    take(&limiter, BURST, start).await;
    let later = start.plus_millis(365 * 24 * 3_600 * 1_000);
    assert_eq!(take(&limiter, 0, later).await, allowed(BURST));
    assert!(!take(&limiter, BURST + 1, later).await.allowed);
    assert_eq!(take(&limiter, BURST, later).await, allowed(0));
}

/// After the time that a refusal names, and not a millisecond before, the tokens are there.
pub async fn a_refusal_names_the_time_to_wait(limiter: Limiter) {
    let start = Desk::new().tick();
    take(&limiter, BURST, start).await;
    let mut now = start;
    for tokens in [1, 2, 7, 11, BURST] {
        let refused = take(&limiter, tokens, now).await;
        assert!(!refused.allowed && refused.retry_after_millis > 0);
        let wait = i64::try_from(refused.retry_after_millis).unwrap();
        assert!(
            !take(&limiter, tokens, now.plus_millis(wait - 1))
                .await
                .allowed,
            "{tokens} tokens, too early"
        );
        now = now.plus_millis(wait);
        assert!(
            take(&limiter, tokens, now).await.allowed,
            "{tokens} tokens after {wait} ms"
        );
    }
}

/// Callers have buckets of their own, whatever they are called.
pub async fn callers_stand_apart(limiter: Limiter) {
    let now = Desk::new().tick();
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
        assert_eq!(limiter.take(name, BURST, now).await, allowed(0), "{name:?}");
    }
    for name in &names {
        assert!(!limiter.take(name, 1, now).await.allowed, "{name:?}");
    }
}

/// A clock that steps back gives no tokens, and none twice when it is back where it was.
pub async fn a_clock_that_steps_back_gives_nothing(limiter: Limiter) {
    let now = Desk::new().tick();
    take(&limiter, BURST, now).await;
    for millis in [-1, -10_000, 0, -5_000, 0] {
        let refused = take(&limiter, 1, now.plus_millis(millis)).await;
        assert!(!refused.allowed, "{millis} ms");
    }
    assert_eq!(
        take(&limiter, RATE, now.plus_millis(1_000)).await,
        allowed(0)
    );
}

/// Of 100 callers at once under one name, as many pass as there are tokens.
pub async fn as_many_pass_as_there_are_tokens(limiter: Limiter) {
    let now = Desk::new().tick();
    let mut calls = Vec::new();
    for _ in 0..100 {
        let limiter = Arc::clone(&limiter);
        calls.push(tokio::spawn(async move {
            limiter.take("caller", 1, now).await.allowed
        }));
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
    let now = Desk::new().tick();
    let started = Instant::now();
    let mut passed = 0;
    for _ in 0..CALLS {
        passed += u32::from(take(&limiter, BURST / 4, now).await.allowed);
    }
    let longest = Duration::from_millis(CALL_MILLIS * CALLS);
    assert!(
        started.elapsed() <= longest,
        "{CALLS} calls took {:?}",
        started.elapsed()
    );
    assert_eq!(passed, 4, "a bucket is given out once");
}
