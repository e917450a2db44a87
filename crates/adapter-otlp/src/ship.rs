//! Takes what is queued, in batches, to the collector; tries again for a while, then drops and counts.

use crate::config::BATCH_ITEMS;
use crate::connect::Collector;
use crate::metrics::Counts;
use planes::Backoff;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::{Code, Status};

/// The shortest and the longest wait between attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// What is known of one kind of thing that is shipped.
pub(crate) trait Cargo: Send + 'static {
    /// One of them.
    type Item: Send;
    /// Many, as they are sent.
    type Request: Clone + Send;

    /// Makes a request of many.
    fn pack(&self, items: Vec<Self::Item>) -> Self::Request;

    /// Sends it; answers how many of its items the collector refused.
    fn send(&mut self, request: Self::Request) -> impl Future<Output = Result<u64, Status>> + Send;
}

/// Ships until `stop` turns true, then what is still queued, each batch tried once.
pub(crate) async fn ship<C: Cargo>(
    mut cargo: C,
    mut queue: Receiver<C::Item>,
    collector: Collector,
    counts: Counts,
    mut stop: watch::Receiver<bool>,
) {
    let mut items = Vec::with_capacity(BATCH_ITEMS);
    while gather(&mut queue, &mut items, collector.gather, &mut stop).await {
        let count = items.len() as u64;
        let request = cargo.pack(std::mem::take(&mut items));
        let refused = deliver(&mut cargo, request, &collector, &mut stop).await;
        let lost = refused.unwrap_or(count).min(count);
        counts.dropped.inc_by(lost);
        counts.sent.inc_by(count - lost);
    }
}

/// Fills `items` with what comes within `patience` of the first; false where nothing will come any more.
async fn gather<T>(
    queue: &mut Receiver<T>,
    items: &mut Vec<T>,
    patience: Duration,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    tokio::select! {
        // None: every sender is gone.
        Some(first) = queue.recv() => items.push(first),
        () = stopped(stop) => queue.close(),
        else => return false,
    }
    let until = Instant::now() + patience;
    while items.len() < BATCH_ITEMS {
        let room = BATCH_ITEMS - items.len();
        if queue.is_closed() {
            // What was taken before the close comes at once, and then nothing.
            return queue.recv_many(items, room).await > 0 || !items.is_empty();
        }
        tokio::select! {
            taken = timeout_at(until, queue.recv_many(items, room)) => {
                if !matches!(taken, Ok(1..)) {
                    return true;
                }
            }
            () = stopped(stop) => queue.close(),
        }
    }
    true
}

/// How many were refused; nothing where all are lost.
async fn deliver<C: Cargo>(
    cargo: &mut C,
    request: C::Request,
    collector: &Collector,
    stop: &mut watch::Receiver<bool>,
) -> Option<u64> {
    let give_up = Instant::now() + collector.retry_for;
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        let sent = timeout(collector.export_timeout, cargo.send(request.clone())).await;
        let sent = sent.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
        let status = match sent {
            Ok(refused) => {
                collector.is_there();
                return Some(refused);
            }
            Err(status) => status,
        };
        collector.is_away(&status);
        let pause = backoff.next_delay();
        if !may_pass(status.code()) || *stop.borrow() || Instant::now() + pause > give_up {
            return None;
        }
        tokio::select! {
            () = sleep(pause) => {}
            // Once more, and then no more.
            () = stopped(stop) => {}
        }
    }
}

/// Which errors pass by themselves (OTLP specification, "Failures").
fn may_pass(code: Code) -> bool {
    matches!(
        code,
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            | Code::ResourceExhausted
            // As tonic tells of a connection that cannot be made.
            | Code::Unknown
    )
}

/// Whoever was to say when to stop may be gone: that is a stop too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
