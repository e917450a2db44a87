//! The time.

use crate::domain::Timestamp;

/// Tells the time.
///
/// Contract: never fails, never blocks; may step in either direction, as clocks of machines do.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}
