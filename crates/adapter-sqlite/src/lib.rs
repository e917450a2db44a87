//! The embedded store: `OrderStore` and `EventFeed` on one SQLite file, through sqlx.
//!
//! One process has the file open. One connection writes, and group commit feeds it: a batch of
//! changes is one transaction of two round trips to SQLite's thread, one that looks up what could
//! stand against the changes and one that writes all of them. Reading never waits for writing (WAL).
//!
//! The way of a change: `store` → `order_store` (bytes, the batcher) → `commit::flusher` →
//! `commit::known` (look up) → `order_store::decide` (in memory) → `commit::write` (SQL).
//!
//! No decision about orders enters: the domain made it, this keeps it. No other store's SQL either.

mod commit;
mod config;
mod connect;
mod error;
mod feed;
mod folder;
mod heads;
mod leases;
mod lock;
mod migrate;
#[cfg(test)]
mod plans;
mod read;
mod repair;
mod store;

pub use config::Config;
pub use error::OpenError;
pub use migrate::migrate;
pub use order_store::Stats;
pub use store::SqliteStore;
