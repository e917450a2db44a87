//! What is known of writing: how long it takes, and whether it works.

use order_core::ports::StoreError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A caller that was refused comes back after at least, and at most, so long.
const MIN_RETRY_MILLIS: u64 = 20;
const MAX_RETRY_MILLIS: u64 = 5_000;

/// How the last commits went.
#[derive(Debug, Default)]
pub(crate) struct Health {
    last_failure: Mutex<Option<StoreError>>,
    last_commit_micros: AtomicU64,
}

impl Health {
    pub(crate) fn committed(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.last_commit_micros.store(micros, Ordering::Relaxed);
        if self.set(None).is_some() {
            tracing::info!("writing works again");
        }
    }

    /// Logged at the first failure of a row only: the callers are told each time.
    pub(crate) fn failed(&self, error: &StoreError) {
        if self.set(Some(error.clone())).is_none() {
            tracing::error!(%error, "a commit failed; changes are refused until one works again");
        }
    }

    /// Why the last commit failed, if it did.
    pub(crate) fn last_failure(&self) -> Option<StoreError> {
        self.last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// When a queue of `batches` batches is about to be empty.
    pub(crate) fn retry_after_millis(&self, batches: usize) -> u64 {
        let micros = self
            .last_commit_micros
            .load(Ordering::Relaxed)
            .saturating_mul(batches as u64);
        (micros / 1_000).clamp(MIN_RETRY_MILLIS, MAX_RETRY_MILLIS)
    }

    fn set(&self, failure: Option<StoreError>) -> Option<StoreError> {
        std::mem::replace(
            &mut *self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
            failure,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_comes_back_when_the_queue_is_about_to_be_empty() {
        let health = Health::default();
        assert_eq!(health.retry_after_millis(3), MIN_RETRY_MILLIS);
        health.committed(Duration::from_millis(30));
        assert_eq!(health.retry_after_millis(3), 90);
        assert_eq!(health.retry_after_millis(1_000), MAX_RETRY_MILLIS);
    }

    #[test]
    fn a_commit_that_works_ends_the_failure() {
        let health = Health::default();
        let error = StoreError::Unavailable {
            detail: "the disk is full".to_owned(),
        };
        health.failed(&error);
        assert_eq!(health.last_failure(), Some(error));
        health.committed(Duration::ZERO);
        assert_eq!(health.last_failure(), None);
    }
}
