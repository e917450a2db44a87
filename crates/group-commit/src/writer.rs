//! One writer: takes a batch, has it flushed, tells every caller, and survives what goes wrong.

use std::{
    collections::VecDeque,
    future::poll_fn,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    thread,
    vec::Drain,
};

use tracing::{Instrument, Span};

use crate::{
    courier::{Outbox, Reply},
    error::SubmitError,
    flush::{Flush, FlushError},
    queue::Seat,
};

/// A flush links to so many of its callers, at most: the traces of the others show as much.
const MAX_LINKS: usize = 64;

/// What a caller is told.
pub(crate) type Answer<F> = Result<<F as Flush>::Output, SubmitError<<F as Flush>::Error>>;

/// A change and the way back to its caller.
pub(crate) struct Submission<F: Flush> {
    pub(crate) item: F::Item,
    pub(crate) reply: Reply<Answer<F>>,
    /// The caller's part in its trace; nothing where spans are not made.
    pub(crate) waiting: Span,
}

/// Writes batches until the queue is closed and empty.
pub(crate) async fn run<F: Flush>(mut seat: Seat<Submission<F>>, mut flusher: F) {
    let mut batch = VecDeque::new();
    let mut items = Vec::new();
    let mut replies = Vec::new();
    let mut waiting = Vec::new();
    let mut outbox = Outbox::default();
    while seat.take(&mut batch).await {
        for entry in batch.drain(..) {
            items.push(entry.value.item);
            replies.push(entry.value.reply);
            waiting.push(entry.value.waiting);
        }
        let mut unanswered = Unanswered {
            seat: &seat,
            replies: replies.drain(..),
            waiting: waiting.drain(..),
            outbox: &mut outbox,
        };
        let written = write(&mut flusher, &mut items, &mut unanswered);
        if catch_panic(written).await.is_err() {
            unanswered.panicked();
            // User code once more; a second panic must not end the writer either.
            _ = catch_unwind(AssertUnwindSafe(|| {
                items.clear();
                flusher.after_panic();
            }));
        }
    }
}

/// Attempts all `items`, then the halves of what is refused. Earlier items first, so that answers go
/// out in the order of submission and as soon as they are known.
async fn write<F: Flush>(
    flusher: &mut F,
    items: &mut Vec<F::Item>,
    unanswered: &mut Unanswered<'_, F>,
) {
    let mut next = Some(0..items.len());
    let mut later = Vec::new();
    while let Some(part) = next.take().or_else(|| later.pop()) {
        let span = unanswered.span(part.len());
        match flusher.flush(&items[part.clone()]).instrument(span).await {
            Ok(outputs) => unanswered.committed(part.len(), outputs),
            Err(FlushError::Refused(_)) if part.len() > 1 => {
                unanswered.seat.count(|stats| stats.flushes += 1);
                let (left, right) = halves(&part);
                next = Some(left);
                later.push(right);
            }
            Err(FlushError::Refused(error)) => unanswered.refused(error),
            Err(FlushError::Failed(error)) => {
                unanswered.failed(&error);
                break;
            }
        }
    }
    items.clear();
}

fn halves(part: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = part.start + part.len() / 2;
    (part.start..middle, middle..part.end)
}

/// The callers of a batch that still wait, in the order of its items. It counts before it answers,
/// so that a caller who asks for the statistics finds itself in them.
struct Unanswered<'a, F: Flush> {
    seat: &'a Seat<Submission<F>>,
    replies: Drain<'a, Reply<Answer<F>>>,
    /// Their spans: each ends before its answer goes out.
    waiting: Drain<'a, Span>,
    outbox: &'a mut Outbox<Answer<F>>,
}

impl<F: Flush> Unanswered<'_, F> {
    /// The span of an attempt at the next `items`. It has no caller's trace, since it has many callers:
    /// it links to theirs.
    fn span(&self, items: usize) -> Span {
        // OpenTelemetry has no unsigned numbers: they would be text.
        let size = i64::try_from(items).unwrap_or(i64::MAX);
        let span = tracing::debug_span!(
            parent: None,
            "flush",
            otel.kind = "internal",
            otel.name = F::NAME,
            db.operation.batch.size = size,
        );
        if !span.is_disabled() {
            for (place, waiting) in self.waiting.as_slice().iter().take(items).enumerate() {
                waiting.record("db.operation.batch.size", size);
                if place < MAX_LINKS {
                    span.follows_from(waiting);
                }
            }
        }
        span
    }

    /// Panics where a flusher returned the wrong number of outputs, for then nobody can tell which
    /// belongs to whom. The panic is caught where those of the flusher are.
    fn committed(&mut self, items: usize, outputs: Vec<F::Output>) {
        assert!(
            outputs.len() == items,
            "Flush::flush returned {} outputs for {items} items; it must return one an item",
            outputs.len(),
        );
        self.seat.count(|stats| {
            stats.flushes += 1;
            stats.committed_items += items as u64;
        });
        self.waiting.by_ref().take(items).for_each(drop);
        // Outputs lead the zip: once they are used up, it must not have taken one reply more.
        for (output, reply) in outputs.into_iter().zip(&mut self.replies) {
            self.outbox.answer(reply, Ok(output));
        }
        self.outbox.send();
    }

    fn refused(&mut self, error: F::Error) {
        self.seat.count(|stats| {
            stats.flushes += 1;
            stats.refused_items += 1;
        });
        self.waiting.next();
        if let Some(reply) = self.replies.next() {
            self.outbox.answer(reply, Err(SubmitError::Refused(error)));
            self.outbox.send();
        }
    }

    fn failed(&mut self, error: &F::Error) {
        self.seat.count(|stats| {
            stats.flushes += 1;
            stats.failed_items += self.replies.len() as u64;
        });
        self.waiting.by_ref().for_each(drop);
        for reply in &mut self.replies {
            let failed = Err(SubmitError::Failed(error.clone()));
            self.outbox.answer(reply, failed);
        }
        self.outbox.send();
    }

    fn panicked(self) {
        self.seat.count(|stats| {
            stats.flushes += 1;
            stats.panics += 1;
            stats.panicked_items += self.replies.len() as u64;
        });
        self.waiting.for_each(drop);
        for reply in self.replies {
            self.outbox.answer(reply, Err(SubmitError::Panicked));
        }
        self.outbox.send();
    }
}

/// Drives `work` to its end or to its panic, within this task: a task of its own for each batch
/// would cost a spawn and could be dropped apart from the writer.
async fn catch_panic<T>(work: impl Future<Output = T>) -> thread::Result<T> {
    let mut work = pin!(work);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}
