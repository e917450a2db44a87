//! The rules of waiting for the feed.

use super::event_feed::Feed;
use crate::{Desk, new_order};
use order_core::ports::FeedToken;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::Barrier;

/// How often waiting is tried: were each woken by its time limit alone, it would take minutes.
const WAITS: usize = 20;
/// Who waits at once.
const WAITERS: usize = 8;
/// All rounds together, on the slowest machine.
const WAITS_SECONDS: u64 = 15;
/// "Some seconds", on the slowest machine.
const LONGEST_WAIT_SECONDS: u64 = 60;

/// Waiting ends at once where there is an event already.
pub async fn waiting_ends_at_once_where_there_is_more(feed: Feed) {
    let desk = Desk::new();
    let started = Instant::now();
    for _ in 0..WAITS {
        let before = feed.head().await;
        desk.placed(&*feed.store, new_order()).await;
        feed.feed.wait_beyond(&before).await.unwrap();
        feed.feed.wait_beyond(&FeedToken::start()).await.unwrap();
    }
    assert!(
        started.elapsed() < Duration::from_secs(WAITS_SECONDS),
        "{:?}",
        started.elapsed()
    );
}

/// A commit wakes everybody who waits, long before they would look by themselves.
pub async fn a_commit_wakes_who_waits(feed: Feed) {
    let desk = Desk::new();
    let started = Instant::now();
    for round in 0..WAITS {
        let before = feed.head().await;
        let everybody_waits = Arc::new(Barrier::new(WAITERS + 1));
        let waiting = |_| {
            let (feed, before) = (feed.clone(), before.clone());
            let everybody_waits = Arc::clone(&everybody_waits);
            tokio::spawn(async move {
                wait_from_now(&feed, &before, &everybody_waits).await;
                while feed.feed.read_after(&before, 1).await.unwrap().is_empty() {
                    feed.feed.wait_beyond(&before).await.unwrap();
                }
            })
        };
        let waiters: Vec<_> = (0..WAITERS).map(waiting).collect();
        everybody_waits.wait().await;
        desk.placed(&*feed.store, new_order()).await;
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert!(
            started.elapsed() < Duration::from_secs(WAITS_SECONDS),
            "{round} rounds took {:?}",
            started.elapsed()
        );
    }
}

/// Begins to wait, says so, and goes on waiting.
async fn wait_from_now(feed: &Feed, after: &FeedToken, everybody_waits: &Barrier) {
    let mut wait = pin!(feed.feed.wait_beyond(after));
    let begun = poll_fn(|context| Poll::Ready(wait.as_mut().poll(context))).await;
    everybody_waits.wait().await;
    match begun {
        Poll::Ready(woken) => woken.unwrap(),
        Poll::Pending => wait.await.unwrap(),
    }
}

/// Waiting ends by itself, so that a caller whose wake-up was lost looks again.
pub async fn waiting_ends_by_itself(feed: Feed) {
    let started = Instant::now();
    feed.feed.wait_beyond(&FeedToken::start()).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(LONGEST_WAIT_SECONDS),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(feed.all().await, []);
}
