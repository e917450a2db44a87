//! What a caller may be told instead of an output.

use std::{error::Error, fmt};

/// Why a change was not even accepted. It was not queued, so nothing was or will be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// The queue has no room for it now; the store does not keep up. Try again later.
    Full {
        /// Items that wait.
        queued_items: usize,
        /// Their weight.
        queued_weight_bytes: usize,
    },
    /// It is heavier than the whole queue may be: trying again will never help.
    TooHeavy {
        /// Its weight.
        weight_bytes: usize,
        /// [`Config::max_queued_weight_bytes`](crate::Config::max_queued_weight_bytes).
        max_queued_weight_bytes: usize,
    },
    /// The batcher is closing or closed.
    Closed,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full {
                queued_items,
                queued_weight_bytes,
            } => write!(
                f,
                "the write queue is full: {queued_items} items, {queued_weight_bytes} bytes wait; \
                 the store is slower than the callers, try again later"
            ),
            Self::TooHeavy {
                weight_bytes,
                max_queued_weight_bytes,
            } => write!(
                f,
                "the change weighs {weight_bytes} bytes, more than the whole write queue may hold: \
                 make it smaller or raise max_queued_weight_bytes (now {max_queued_weight_bytes})"
            ),
            Self::Closed => f.write_str("the write queue is closed: the service is stopping"),
        }
    }
}

impl Error for Rejected {}

/// Why a submitted change has no output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError<E> {
    /// It was not accepted; nothing was written.
    Rejected(Rejected),
    /// The store refused this very change, which stood alone in the attempt; nothing was written.
    Refused(E),
    /// The attempt failed for reasons that are not the change's. Whether it was written is for the
    /// flusher's error to say: a link that dies during the commit leaves it open.
    Failed(E),
    /// The flusher panicked during this change's batch. Whether it was written is not known.
    Panicked,
    /// The writer is gone without an answer, because its runtime was shut down. Whether the change
    /// was written is not known.
    Abandoned,
}

impl<E> From<Rejected> for SubmitError<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E: fmt::Display> fmt::Display for SubmitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Refused(error) => write!(f, "the store refused the change: {error}"),
            Self::Failed(error) => write!(f, "the batch could not be written: {error}"),
            Self::Panicked => f.write_str(
                "the flusher panicked while it wrote this batch, so the outcome is unknown: \
                 read the change back, and find the panic in the log",
            ),
            Self::Abandoned => f.write_str(
                "the writer's runtime was shut down before it answered, so the outcome is unknown: \
                 read the change back, and close the batcher before its runtime",
            ),
        }
    }
}

// No `source`: the flusher's error is already part of the text, and would be printed twice.
impl<E: fmt::Debug + fmt::Display> Error for SubmitError<E> {}
