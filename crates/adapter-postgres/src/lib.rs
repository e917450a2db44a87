//! The shared store: `OrderStore` and `EventFeed` on PostgreSQL, through sqlx.
//!
//! Any number of replicas share one database. Each has one writing session, fed by group commit: a
//! batch of changes is one statement, which is its own transaction. It takes what the changes assume
//! (keys that are new, orders at the expected versions) for granted and fails whole where the database
//! knows better; only then is looked up what stands in the way. Positions of the feed come from a
//! counter row, whose lock is taken last and held until the commit.
//!
//! The way of a change: `store` → `order_store` (bytes, the batcher) → `commit::flusher` →
//! `order_store::decide` (in memory) → `commit::statement` (SQL); `commit::known` looks up.
//!
//! No decision about orders enters: the domain made it, this keeps it. No other store's SQL either,
//! and no socket: TCP goes by the relay of `planes`.

mod commit;
mod config;
mod connect;
mod encrypt;
mod error;
mod feed;
mod leases;
mod migrate;
#[cfg(test)]
mod plans;
mod read;
mod repair;
mod store;
mod url;

pub use config::{Address, Config, Secret};
pub use error::OpenError;
pub use migrate::migrate;
pub use order_store::Stats;
pub use store::PostgresStore;
