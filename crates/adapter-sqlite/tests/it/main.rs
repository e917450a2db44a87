//! The embedded store against the ports' contracts, the reference, and what happens to disks and
//! processes.

mod conformance;
mod disk_full;
mod files;
mod health;
mod kill;
mod model;
mod restart;
mod support;
