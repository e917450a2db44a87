//! Gathers waiting writes and flushes them together; knows no SQL.
//!
//! A durable commit costs about the same for one change as for a hundred. So callers hand their
//! change to [`GroupCommit`] and wait; what queued while the last commit ran is the next batch.
//! There is no timer: an idle writer takes a lone change at once, a busy one finds its batch ready.
//!
//! The batcher owns the write. A caller that goes away never cancels a commit, a batch refused for
//! its content is halved until the culprit stands alone, a panic costs one batch and not the
//! service, and a full queue refuses at once instead of growing.
//!
//! No SQL, no retry policy, no logging and no clock ever enter this crate: the [`Flush`] it is given
//! knows the store, and [`Stats`] tells what happened.
//!
//! ```
//! use group_commit::{Config, Flush, FlushError, GroupCommit};
//!
//! /// Stands for a connection to a store: one call is one transaction.
//! struct Ledger(u64);
//!
//! impl Flush for Ledger {
//!     type Item = u64;
//!     type Output = u64;
//!     type Error = &'static str;
//!
//!     async fn flush(&mut self, batch: &[u64]) -> Result<Vec<u64>, FlushError<&'static str>> {
//!         if batch.contains(&0) {
//!             return Err(FlushError::Refused("a movement of nothing"));
//!         }
//!         let balance = &mut self.0;
//!         Ok(batch.iter().map(|amount| { *balance += amount; *balance }).collect())
//!     }
//!
//!     fn after_panic(&mut self) {}
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ledger = GroupCommit::start(Config::default(), [Ledger(0)])?;
//! assert_eq!(ledger.submit(5, size_of::<u64>()).await?, 5);
//! assert!(ledger.submit(0, size_of::<u64>()).await.is_err());
//! ledger.close().await;
//! # Ok(())
//! # }
//! ```

mod config;
mod courier;
mod error;
mod flush;
mod handle;
mod queue;
mod stats;
mod writer;

/// What `queue.rs` locks with. The model test compiles that file a second time with shuttle's lock
/// in this place, so that it explores the very code that runs in production.
mod sync {
    pub(crate) use std::sync::{Mutex, MutexGuard};
}

pub use config::{Config, ConfigError};
pub use error::{Rejected, SubmitError};
pub use flush::{Flush, FlushError};
pub use handle::{GroupCommit, Ticket};
pub use stats::Stats;
