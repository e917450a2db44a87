//! The task of one partition: takes it over, publishes what comes, and begins anew after any error.

use super::board::Board;
use order_core::app::{FeedPublisher, Standstill};
use order_core::ports::{FeedError, Lease, PublishError, StoreError};
use planes::Backoff;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// The pauses before a partition is taken over again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a partition that stands still is looked at: an operator may have let it go on.
const LOOK_AT_HALTED_EVERY: Duration = Duration::from_secs(10);
/// How long after a lease was lost it is asked for again, if this task still runs then.
const LOST_PAUSE: Duration = Duration::from_millis(500);

pub(super) fn backoff() -> Backoff {
    Backoff::new(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Publishes until `stop` turns true, and lets go of the partition.
pub(super) async fn publish(
    by: FeedPublisher,
    lease: Lease,
    board: Arc<Board>,
    mut stop: watch::Receiver<bool>,
) {
    let mut backoff = backoff();
    loop {
        let ended = run(&by, lease, &board, &mut backoff, &mut stop).await;
        let partition = lease.partition;
        let pause = match ended {
            Ok(()) => break,
            Err(Standstill::Halted(halt)) => {
                board.halted(partition, &halt);
                LOOK_AT_HALTED_EVERY
            }
            Err(Standstill::LeaseLost | Standstill::Publish(PublishError::Fenced { .. })) => {
                board.fenced(partition);
                LOST_PAUSE
            }
            Err(error) => {
                board.failed(partition, &error.to_string());
                backoff.next_delay()
            }
        };
        if timeout(pause, stop.wait_for(|stop| *stop)).await.is_ok() {
            break;
        }
    }
    by.let_go(lease).await;
}

/// From a take-over to the first error, or to the stop.
async fn run(
    by: &FeedPublisher,
    lease: Lease,
    board: &Board,
    backoff: &mut Backoff,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), Standstill> {
    let mut publishing = by.take_over(lease).await?;
    board.going(lease.partition, publishing.cursor());
    while !*stop.borrow() {
        // Never cancelled: a transaction that was begun is ended.
        let count = publishing.publish_next().await?;
        backoff.reset();
        board.published(lease.partition, count, publishing.cursor());
        if count == 0 {
            tokio::select! {
                waited = publishing.wait() => waited?,
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }
    Ok(())
}

/// What keeps the feed from answering, as far as the lag is concerned.
pub(super) fn store_error(error: FeedError) -> StoreError {
    match error {
        FeedError::Store(error) => error,
        other => StoreError::Unavailable {
            detail: other.to_string(),
        },
    }
}
