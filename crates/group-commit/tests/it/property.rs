//! Whatever is submitted, refused, failed or panicked, and whoever goes away: each accepted item gets
//! exactly one answer, and the right one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use group_commit::{Config, Flush, FlushError, GroupCommit, Rejected, SubmitError};
use proptest::prelude::*;
use tokio::{runtime::Builder, task::yield_now};

/// What an item does to the batch that it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    Good,
    Culprit,
    Outage,
    Bomb,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    nature: Nature,
    weight_bytes: usize,
    stays: bool,
    /// Yields to the writers before the next submission, so that batches differ in size.
    yields: usize,
}

/// Commits what it may and keeps account, as a store would.
struct Store {
    committed: Arc<Mutex<HashMap<usize, usize>>>,
    yields: usize,
}

impl Flush for Store {
    type Item = (usize, Nature);
    type Output = usize;
    type Error = usize;

    async fn flush(&mut self, batch: &[Self::Item]) -> Result<Vec<usize>, FlushError<usize>> {
        for _ in 0..self.yields {
            yield_now().await;
        }
        let first = |nature| {
            batch
                .iter()
                .find(|item| item.1 == nature)
                .map(|item| item.0)
        };
        if let Some(culprit) = first(Nature::Culprit) {
            return Err(FlushError::Refused(culprit));
        }
        if let Some(outage) = first(Nature::Outage) {
            return Err(FlushError::Failed(outage));
        }
        assert_eq!(first(Nature::Bomb), None, "told to");
        let mut committed = self.committed.lock().unwrap();
        for (item, _) in batch {
            *committed.entry(*item).or_default() += 1;
        }
        Ok(batch.iter().map(|(item, _)| *item).collect())
    }

    fn after_panic(&mut self) {}
}

fn step() -> impl Strategy<Value = Step> {
    let nature = prop_oneof![
        16 => Just(Nature::Good),
        2 => Just(Nature::Culprit),
        1 => Just(Nature::Outage),
        1 => Just(Nature::Bomb),
    ];
    (nature, 0_usize..12, prop::bool::weighted(0.9), 0_usize..4).prop_map(
        |(nature, weight_bytes, stays, yields)| Step {
            nature,
            weight_bytes,
            stays,
            yields,
        },
    )
}

fn config() -> impl Strategy<Value = Config> {
    (1_usize..40, 1_usize..200, 1_usize..20, 1_usize..60).prop_map(
        |(items, weight, batch, heavy)| Config {
            max_queued_items: items,
            max_queued_weight_bytes: weight,
            max_batch_items: batch,
            max_batch_weight_bytes: heavy,
            ..Config::default()
        },
    )
}

/// One answer fits what the item is and what the store holds.
fn check(
    item: usize,
    nature: Nature,
    answer: Result<usize, SubmitError<usize>>,
    commits: usize,
) -> Result<(), TestCaseError> {
    match answer {
        Ok(output) => {
            prop_assert_eq!((output, nature, commits), (item, Nature::Good, 1));
        }
        Err(SubmitError::Refused(culprit)) => {
            prop_assert_eq!((culprit, nature, commits), (item, Nature::Culprit, 0));
        }
        Err(SubmitError::Failed(_) | SubmitError::Panicked) => prop_assert_eq!(commits, 0),
        Err(other) => prop_assert!(false, "item {} was accepted, then told {:?}", item, other),
    }
    Ok(())
}

async fn run(config: Config, writers: Vec<usize>, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let committed = Arc::new(Mutex::new(HashMap::new()));
    let stores = writers.iter().map(|&yields| Store {
        committed: Arc::clone(&committed),
        yields,
    });
    let batcher = GroupCommit::start(config, stores).unwrap();
    let mut tickets = Vec::new();
    let (mut accepted, mut full) = (0, 0);
    for (item, step) in steps.iter().enumerate() {
        match batcher.try_submit((item, step.nature), step.weight_bytes) {
            Ok(ticket) => {
                accepted += 1;
                if step.stays {
                    tickets.push((item, step.nature, ticket));
                }
            }
            Err(Rejected::Full { .. }) => full += 1,
            Err(Rejected::TooHeavy { .. }) => {
                prop_assert!(step.weight_bytes > config.max_queued_weight_bytes);
            }
            Err(other) => prop_assert!(false, "refused as {:?}", other),
        }
        for _ in 0..step.yields {
            yield_now().await;
        }
    }
    batcher.close().await;

    let committed = committed.lock().unwrap().clone();
    for (item, nature, ticket) in tickets {
        // Closed means answered: nothing is left to wait for.
        let commits = committed.get(&item).copied().unwrap_or(0);
        check(item, nature, ticket.await, commits)?;
    }
    let stats = batcher.stats();
    prop_assert_eq!((stats.items, stats.full), (accepted, full));
    let told = stats.committed_items + stats.refused_items + stats.failed_items;
    prop_assert_eq!(told + stats.panicked_items, accepted);
    prop_assert_eq!(
        stats.committed_items,
        committed.values().sum::<usize>() as u64
    );
    prop_assert_eq!(
        (
            stats.queued_items,
            stats.queued_weight_bytes,
            stats.busy_writers
        ),
        (0, 0, 0)
    );
    Ok(())
}

proptest! {
    #[test]
    fn each_accepted_item_gets_exactly_one_answer(
        config in config(),
        writers in prop::collection::vec(0_usize..6, 1..4),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        Builder::new_current_thread().build().unwrap().block_on(run(config, writers, steps))?;
    }
}
