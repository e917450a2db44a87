//! The shared store against the ports' contracts, the reference, and what happens to servers,
//! sessions and the way to them; on real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test by a panic, as the tests themselves do"
)]

mod batch;
mod conformance;
mod deadlines;
mod faults;
mod faults_network;
mod feed_rows;
mod health;
mod history;
mod kill;
mod migrating;
mod model;
mod opening;
mod replicas;
mod support;
mod trust;
