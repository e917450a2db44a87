//! Drives a running service: load for the benchmark, real data for demonstrations.
fn main() {}
