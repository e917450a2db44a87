//! The rules of waiting for the feed.

use super::event_feed::Feed;
use crate::{Desk, new_order};
use order_core::ports::FeedToken;
use std::time::{Duration, Instant};

/// How often waiting is tried: were each woken by its time limit alone, it would take minutes.
const WAITS: usize = 20;
/// All of them together, on the slowest machine.
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
    for _ in 0..WAITS {
        let before = feed.head().await;
        let waiting = |_| {
            let (feed, before) = (feed.clone(), before.clone());
            tokio::spawn(async move {
                while feed.feed.read_after(&before, 1).await.unwrap().is_empty() {
                    feed.feed.wait_beyond(&before).await.unwrap();
                }
            })
        };
        let waiters: Vec<_> = (0..8).map(waiting).collect();
        tokio::task::yield_now().await;
        desk.placed(&*feed.store, new_order()).await;
        for waiter in waiters {
            waiter.await.unwrap();
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(WAITS_SECONDS),
        "{:?}",
        started.elapsed()
    );
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
