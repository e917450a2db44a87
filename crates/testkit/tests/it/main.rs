//! The fakes under the same suites as the real adapters, and the crate's own promises.

mod catalogue;
mod faults;
mod model;
mod strategies;
mod suites;
