//! The one thing that a user of this crate writes: how a batch reaches the store.

/// Writes batches to a store. Each writer owns one, and with it whatever the store needs, such as a
/// connection; so nothing is shared and nothing is locked while a batch is written.
pub trait Flush: Send + 'static {
    /// A change. Flushers only borrow it, so that a refused batch can be tried again in halves. A
    /// caller that wants it back afterwards, to read or to retry, submits an `Arc` and keeps a clone.
    type Item: Send + Sync + 'static;
    /// The answer to one change. It may itself be a `Result`: what the flusher can tell apart within
    /// a transaction, such as a lost race, is cheaper told here than by refusing the whole batch.
    type Output: Send + 'static;
    /// Why an attempt failed.
    type Error: Clone + Send + 'static;
    /// What traces call a flush: `commit`, `load`.
    const NAME: &'static str = "flush";

    /// One attempt at all of `batch` as one transaction, all or nothing. `batch` is never empty, is
    /// in order of submission, and stays within the batch bounds of [`Config`](crate::Config).
    ///
    /// MUST return one output an item, at the item's index; any other number is treated as a panic,
    /// because answers would reach the wrong callers. MUST have undone everything when it returns
    /// [`FlushError::Refused`], because the same items are attempted again. To lock rows in the order
    /// of their keys, sort an index of the batch.
    ///
    /// The future is always driven to its end, whoever goes away, unless it panics or its runtime is
    /// shut down. Timeouts, and retries with jitter of what is worth retrying, belong in here.
    fn flush(
        &mut self,
        batch: &[Self::Item],
    ) -> impl Future<Output = Result<Vec<Self::Output>, FlushError<Self::Error>>> + Send;

    /// Called after [`flush`](Self::flush) panicked, before the next batch. The connection may be
    /// left inside a transaction: drop it here and open another one when it is next needed.
    fn after_panic(&mut self);
}

/// How an attempt at a batch failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushError<E> {
    /// Something in the batch cannot be written, and nothing of it was. The batch is halved until the
    /// culprit stands alone: with `k` culprits among `n` items at most `1 + 2k⌈log₂ n⌉` attempts.
    Refused(E),
    /// Nothing to gain from a smaller batch, for the store is away. Every caller of the batch that is
    /// not answered yet gets this error, and the next batch is attempted as usual.
    Failed(E),
}
