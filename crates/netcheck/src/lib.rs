//! What is wrong with a pod's networks: found without privileges, told with one line of advice each.
//!
//! [`Pod`](pod::Pod) is what was found; [`judge`] says what is wrong with it, and asks nobody.

pub mod catalogue;
mod checks;
mod finding;
mod isolate;
mod look;
mod multus;
pub mod perf;
pub mod pod;
mod probe;

pub use checks::judge;
pub use finding::{CannotTell, Finding, Report, Severity};
pub use isolate::{Closed, Passage, isolate, isolate_from};
pub use look::{Scene, Target, look, lookups};
pub use multus::read_status;
pub use probe::probe;
