//! Drives a running order service over REST: load for the benchmark ([`place`]), real data for
//! demonstrations and tests ([`import`]).
//!
//! It knows the service by its public surface alone: nothing of the domain enters this crate, so
//! that what it finds is what any client would find. Sockets come from `planes`.

pub mod args;
pub mod connection;
pub mod error;
pub mod import;
pub mod order;
pub mod pace;
pub mod place;
pub mod process;
pub mod report;
pub mod target;

pub use error::LoadError;
