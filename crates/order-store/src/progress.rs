//! How writing goes: counted for metrics, remembered for probes and for who has to wait, and announced
//! to followers of the feed.

use crate::health::Health;
use crate::job::{Answer, Job};
use crate::metrics::Metrics;
use group_commit::FlushError;
use order_core::ports::{Change, Committed, FeedPosition, FeedToken, StoreError};
use prometheus_client::registry::Registry;
use std::time::Duration;
use tokio::sync::watch;

/// How writing goes. An adapter's flusher tells it at the end of each batch.
#[derive(Debug, Default)]
pub struct Progress {
    metrics: Metrics,
    health: Health,
}

impl Progress {
    /// The batch is written, and this is what its jobs are answered.
    pub fn committed(&self, batch: &[Job], answers: &[Answer], took: Duration) {
        self.health.committed(took);
        self.metrics.committed(batch.len(), took);
        // Looking a counter up takes longer than all else that is counted of an order: once for each type.
        let mut types: Vec<(&'static str, u64)> = Vec::new();
        for (job, answer) in batch.iter().zip(answers) {
            if let (Job::Change(prepared), Answer::Change(Committed::Done { .. })) = (job, answer)
                && let Change::Place { events, .. } | Change::Advance { events, .. } =
                    &prepared.change
            {
                for event in events {
                    let name = event.data.type_name();
                    match types.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, count)) => *count += 1,
                        None => types.push((name, 1)),
                    }
                }
            }
        }
        for (name, count) in types {
            self.metrics.events(name, count);
        }
    }

    /// Something in the batch is what the database refuses. That says nothing about the database.
    pub fn refused(&self, error: StoreError) -> FlushError<StoreError> {
        self.metrics.failed();
        FlushError::Refused(error)
    }

    /// The batch could not be written, whatever is in it.
    pub fn failed(&self, error: StoreError) -> FlushError<StoreError> {
        self.metrics.failed();
        self.health.failed(&error);
        FlushError::Failed(error)
    }

    /// Why the last commit failed, if it did.
    pub fn last_failure(&self) -> Option<StoreError> {
        self.health.last_failure()
    }

    pub(crate) fn retry_after_millis(&self, batches: usize) -> u64 {
        self.health.retry_after_millis(batches)
    }

    pub(crate) fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }
}

/// Tells who waits for the feed. Some of it may be known already, from other replicas or from a look.
pub fn announce(
    newest: &watch::Sender<FeedToken>,
    positions: impl IntoIterator<Item = FeedPosition>,
) {
    newest.send_if_modified(|newest| {
        let mut news = false;
        for position in positions {
            if position.offset > newest.offset(position.partition) {
                newest.advance(position);
                news = true;
            }
        }
        news
    });
}
