//! What happened so far, for metrics.

/// A consistent picture of one batcher. Counters only grow; the others say what is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Items that wait now.
    pub queued_items: usize,
    /// Their weight.
    pub queued_weight_bytes: usize,
    /// Writers that are writing now.
    pub busy_writers: usize,
    /// Items of the batch that was taken last.
    pub last_batch_items: usize,
    /// Batches taken from the queue.
    pub batches: u64,
    /// Items taken from the queue.
    pub items: u64,
    /// Submissions refused because the queue was full.
    pub full: u64,
    /// Attempts at a batch or at a part of one: more than `batches` by what halving cost.
    pub flushes: u64,
    /// Items that were written.
    pub committed_items: u64,
    /// Items that the store refused, each alone.
    pub refused_items: u64,
    /// Items whose attempt failed with the store.
    pub failed_items: u64,
    /// Items without an answer, because the flusher panicked.
    pub panicked_items: u64,
    /// Panics of the flusher.
    pub panics: u64,
}
