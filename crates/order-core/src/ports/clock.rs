//! The time.

use crate::domain::Timestamp;
use std::time::Duration;

/// Tells the time.
///
/// Contract: never fails, never blocks. [`now`](Clock::now) may step in either direction, as clocks
/// of machines do; [`monotonic`](Clock::monotonic) never does.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;

    /// Time since some moment of this process. Only differences mean anything: how long something
    /// took, how old something is.
    fn monotonic(&self) -> Duration;
}
