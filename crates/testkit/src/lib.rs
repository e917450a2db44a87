//! What tests are made of: builders of orders and facts, an in-memory fake for every port, and the
//! conformance suites that hold fakes and real adapters to the same contract.
//!
//! A development dependency only: nothing that is shipped may depend on it.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "all of this is test code: it panics where a test has to fail"
)]

pub mod clients;
pub mod contract;
pub mod desk;
pub mod fact;
pub mod fakes;
pub mod json_schema;
mod migrations;
#[cfg(feature = "proptest")]
pub mod model;
mod order_builder;
pub mod rows;
mod samples;
pub mod servers;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod suites;

pub use desk::Desk;
pub use migrations::assert_every_migration;
pub use order_builder::{OrderBuilder, new_order};
pub use samples::{ODD_TEXTS, event_of_every_kind, full_order, list_filters};
pub use suites::run;
