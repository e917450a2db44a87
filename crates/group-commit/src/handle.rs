//! The callers' side: submit a change, wait for its answer, close.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
};

use crate::{
    config::{Config, ConfigError},
    courier::Couriers,
    error::{Rejected, SubmitError},
    flush::Flush,
    queue::Queue,
    stats::Stats,
    writer::{self, Answer, Submission},
};

/// A batcher. Clones share it; when the last one is dropped it closes, and still writes what it has
/// accepted.
pub struct GroupCommit<F: Flush> {
    shared: Arc<Shared<F>>,
}

struct Shared<F: Flush> {
    queue: Arc<Queue<Submission<F>>>,
    couriers: Couriers<Answer<F>>,
    /// Every writer holds a sender and sends nothing: the channel ends when the last writer has.
    ended: watch::Receiver<()>,
}

impl<F: Flush> GroupCommit<F> {
    /// Starts one writer for each flusher, on the tokio runtime around this call. Callers may be on
    /// others, or on none.
    ///
    /// With one writer, batches are written one after another in order of submission. With several,
    /// changes submitted without waiting for each other may overtake each other.
    pub fn start(
        config: Config,
        flushers: impl IntoIterator<Item = F>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let runtime = Handle::try_current().map_err(|_| ConfigError::NoRuntime)?;
        let flushers: Vec<F> = flushers.into_iter().collect();
        if flushers.is_empty() {
            return Err(ConfigError::NoWriter);
        }
        let (queue, seats) = Queue::new(config, flushers.len());
        let (running, ended) = watch::channel(());
        for (seat, flusher) in seats.into_iter().zip(flushers) {
            let running = running.clone();
            runtime.spawn(async move {
                writer::run(seat, flusher).await;
                drop(running);
            });
        }
        Ok(Self {
            shared: Arc::new(Shared {
                queue,
                couriers: Couriers::new(&runtime),
                ended,
            }),
        })
    }

    /// Hands `item` over and waits for its answer. A full queue is an error at once, not a wait.
    /// `weight_bytes` is about what the item occupies, on the way to the store and in memory.
    ///
    /// Dropping this future once it was polled does not undo the submission.
    pub async fn submit(
        &self,
        item: F::Item,
        weight_bytes: usize,
    ) -> Result<F::Output, SubmitError<F::Error>> {
        self.try_submit(item, weight_bytes)?.await
    }

    /// Hands `item` over without waiting: it is queued when this returns, and the ticket is the
    /// answer to come.
    pub fn try_submit(&self, item: F::Item, weight_bytes: usize) -> Result<Ticket<F>, Rejected> {
        let (reply, answer) = self.shared.couriers.reply();
        // From here until the answer: a caller's part of the flush, within the caller's trace.
        let waiting = tracing::debug_span!(
            "queued",
            otel.kind = "internal",
            otel.name = F::NAME,
            db.operation.batch.size = tracing::field::Empty,
        );
        let submission = Submission {
            item,
            reply,
            waiting,
        };
        self.shared.queue.push(submission, weight_bytes)?;
        Ok(Ticket { answer })
    }

    /// What happened so far. Takes the queue's lock for an instant; meant for scrapes, not for each
    /// call.
    pub fn stats(&self) -> Stats {
        self.shared.queue.stats()
    }

    /// Refuses new changes on every clone from now on, and returns when all that was accepted is
    /// answered and the writers have ended. May be called more than once. Dropping this future leaves
    /// the batcher closing. How long it may take is the caller's to bound.
    pub async fn close(&self) {
        self.shared.queue.close();
        let mut ended = self.shared.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}

impl<F: Flush> Drop for Shared<F> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

// Not derived, because that would ask flushers to be `Clone` and `Debug` as well.
impl<F: Flush> Clone for GroupCommit<F> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<F: Flush> fmt::Debug for GroupCommit<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// The answer to come of an accepted change. Dropping it only gives up the answer: the change is
/// written all the same.
#[must_use = "without its ticket nobody learns whether the change was written"]
pub struct Ticket<F: Flush> {
    answer: oneshot::Receiver<Answer<F>>,
}

impl<F: Flush> Future for Ticket<F> {
    type Output = Result<F::Output, SubmitError<F::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(cx)
            .map(|received| received.unwrap_or(Err(SubmitError::Abandoned)))
    }
}

impl<F: Flush> fmt::Debug for Ticket<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}
