//! Worlds that are broken on purpose are found out, and soon.

use simulation::{Sabotage, run};

/// Worlds in which a control has to be found out at least once.
const SEEDS: u64 = 50;

fn is_found_out(sabotage: Sabotage, words: &str) {
    let says = |wrong: &String| wrong.lines().next().unwrap_or_default().contains(words);
    let found = (0..SEEDS).find(|seed| run(*seed, sabotage).wrong.iter().any(says));
    println!("{sabotage:?} is found out by seed {found:?}");
    assert!(
        found.is_some(),
        "{sabotage:?} went unnoticed in {SEEDS} worlds"
    );
}

#[test]
fn a_store_that_forgets_a_commit() {
    is_found_out(Sabotage::ForgetsACommit, "was acknowledged");
}

#[test]
fn an_inbox_that_handles_messages_twice() {
    is_found_out(Sabotage::HandlesTwice, "ends otherwise than its facts");
}

#[test]
fn a_publisher_that_starts_from_the_beginning() {
    is_found_out(Sabotage::PublishesFromTheBeginning, "was published where");
}

#[test]
fn a_deadline_that_is_dealt_with_twice() {
    is_found_out(Sabotage::ExpiresTwice, "expired 2 times");
}
