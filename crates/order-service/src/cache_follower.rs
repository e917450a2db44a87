//! Follows the feed for the shared copies: those that are there get each new version as it happens, so
//! that readers who allow age see changes sooner. It is a courtesy: what makes an answer right is its
//! age.
//!
//! It works only while somebody asks for orders that may be old, holds one page of the feed at a time,
//! and when it falls behind it lets go of what it missed: those copies age and are loaded anew.

use order_core::app::{AppError, Orders};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long after the last reader the follower goes on.
const WANTED_FOR: Duration = Duration::from_mins(1);
/// How often it looks whether there are readers, and how long it rests after an error.
const REST: Duration = Duration::from_secs(1);
/// Pages that it reads without reaching the feed's end before it lets go of the rest.
const MAX_PAGES_BEHIND: usize = 16;

/// Follows until `stop` turns true.
pub(crate) async fn run(orders: Orders, mut stop: watch::Receiver<bool>) {
    let follow = async {
        let mut failing = false;
        loop {
            tokio::time::sleep(REST).await;
            match follow(&orders).await {
                Ok(()) => failing = false,
                // A store that is away is told by readiness, and here once.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "copies of orders are not renewed; they age");
                }
                Err(_) => {}
            }
        }
    };
    tokio::select! {
        () = follow => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Follows from now on, for as long as somebody reads what it renews.
async fn follow(orders: &Orders) -> Result<(), AppError> {
    let wanted = || orders.aged_reads_within(WANTED_FOR);
    if !wanted() {
        return Ok(());
    }
    let mut after = orders.feed_head().await?;
    let mut pages_behind = 0;
    while wanted() {
        let round = orders.refresh_cache(after).await?;
        after = round.next_after;
        if round.at_end {
            pages_behind = 0;
            // Longer than that, and it is time to see whether anybody still reads.
            if let Ok(waited) = timeout(WANTED_FOR, orders.wait_for_events(&after)).await {
                waited?;
            }
            continue;
        }
        pages_behind += 1;
        if pages_behind >= MAX_PAGES_BEHIND {
            tracing::debug!("copies of orders fell behind the feed; those that were missed age");
            after = orders.feed_head().await?;
            pages_behind = 0;
        }
    }
    Ok(())
}
