//! Rows of the catalogue of faults: how often each is tried, by which seed, and what it counted.
//!
//! A row is a test whose name begins with the row's id (`r1_…`). In an ordinary run it is small; with
//! `FAULT_SCALE=full` it is as large as the catalogue asks. What it counted is printed in one line,
//! from which the report is made.

#![expect(
    clippy::print_stdout,
    reason = "the report is made of what tests print"
)]

use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::BuildHasher;

/// How often: `small` in an ordinary run, `full` where `FAULT_SCALE=full` is set.
pub fn times(small: usize, full: usize) -> usize {
    match std::env::var("FAULT_SCALE").as_deref() {
        Ok("full") => full,
        Ok("small") | Err(_) => small,
        Ok(other) => panic!("FAULT_SCALE={other}: must be small or full"),
    }
}

/// The seed of everything that a row leaves to chance: `FAULT_SEED`, or a fresh one. Printed, so that
/// a failure can be replayed.
pub fn seed() -> u64 {
    let seed = match std::env::var("FAULT_SEED") {
        Ok(text) => text.parse().expect("FAULT_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    };
    println!("FAULT_SEED={seed}");
    seed
}

/// Tells what a row counted, in the one line that the report is made of. A row that counted nothing
/// has shown nothing, so it fails.
pub fn told(row: &str, injected: &str, counted: &[(&str, u64)]) {
    assert!(
        counted.iter().any(|(_, count)| *count > 0),
        "row {row} counted nothing: {counted:?}"
    );
    let mut line = format!("fault-row\t{row}\t{injected}\t");
    for (at, (name, count)) in counted.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(line, "{comma}{name} {count}").unwrap();
    }
    println!("{line}");
}
