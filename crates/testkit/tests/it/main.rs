//! The fakes under the same suites as the real adapters, and the crate's own promises.

mod catalogue;
mod faults;
mod kafka;
mod model;
mod redis;
mod strategies;
mod suites;
