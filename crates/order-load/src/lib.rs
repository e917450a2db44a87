//! Drives a running order service: load for the benchmark ([`place`], [`get`], [`list`], and [`echo`]
//! beside them), many orders at once ([`fill`]), real data for demonstrations and tests ([`import`]).
//!
//! It knows the service by its public surface alone: nothing of the domain enters this crate, so
//! that what it finds is what any client would find. Sockets come from `planes`.

pub mod args;
pub mod drive;
pub mod echo;
pub mod error;
pub mod fill;
pub mod get;
pub mod ids;
pub mod import;
pub mod line;
pub mod list;
pub mod order;
pub mod pace;
pub mod place;
pub mod process;
pub mod report;
pub mod tally;
pub mod target;
pub mod template;

pub use error::LoadError;
