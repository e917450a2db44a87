//! A refused batch is halved until each culprit stands alone; all others are written.

use group_commit::{Config, SubmitError};

use crate::scripted::{Verdict, answers, occupy, queue, start};

/// Items of the batch in these tests: 1..=64.
const ITEMS: u32 = 64;

/// Writes 1..=64 in one batch with these culprits, checks every answer, and returns the attempts.
async fn write_with_culprits(culprits: &[u32]) -> Vec<Vec<u32>> {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 1000).await;
    let tickets = queue(&batcher, 1..=ITEMS);
    first.end(Verdict::Commit);
    let watch = batcher.clone();
    drop(batcher);
    let decided = tokio::spawn({
        let culprits = culprits.to_vec();
        script.run(move |items| {
            let bad = items.iter().any(|item| culprits.contains(item));
            if bad {
                Verdict::Refuse
            } else {
                Verdict::Commit
            }
        })
    });
    for (item, answer) in (1..).zip(answers(tickets).await) {
        if culprits.contains(&item) {
            let alone = format!("refused [{item}]");
            assert_eq!(
                answer,
                Err(SubmitError::Refused(alone)),
                "the error of its own attempt"
            );
        } else {
            assert_eq!(answer, Ok(item * 10));
        }
    }
    let stats = watch.stats();
    assert_eq!(stats.refused_items, culprits.len() as u64);
    assert_eq!(
        stats.committed_items,
        u64::from(ITEMS) + 1 - culprits.len() as u64
    );
    drop(watch);
    let attempts = decided.await.unwrap();
    assert_eq!(stats.flushes, attempts.len() as u64 + 1);
    assert_each_item_once(&attempts, culprits);
    attempts
}

/// An item is committed once, or refused alone once; and in the order of submission.
fn assert_each_item_once(attempts: &[Vec<u32>], culprits: &[u32]) {
    let last: Vec<u32> = attempts
        .iter()
        .filter(|items| items.len() == 1 || !items.iter().any(|item| culprits.contains(item)))
        .flatten()
        .copied()
        .collect();
    assert_eq!(last, (1..=ITEMS).collect::<Vec<_>>());
}

#[tokio::test]
async fn no_culprit_costs_one_attempt() {
    assert_eq!(write_with_culprits(&[]).await.len(), 1);
}

#[tokio::test]
async fn one_culprit_costs_two_attempts_a_level_wherever_it_is() {
    for culprit in [1, 2, 31, 32, 33, 63, 64] {
        assert_eq!(
            write_with_culprits(&[culprit]).await.len(),
            1 + 2 * 6,
            "culprit {culprit}"
        );
    }
}

#[tokio::test]
async fn two_culprits_cost_at_most_twice_as_much() {
    for culprits in [[1, 2], [1, 64], [32, 33], [17, 50]] {
        assert!(
            write_with_culprits(&culprits).await.len() <= 1 + 2 * 2 * 6,
            "{culprits:?}"
        );
    }
}

#[tokio::test]
async fn all_culprits_are_refused_each_alone() {
    let all: Vec<u32> = (1..=ITEMS).collect();
    assert_eq!(write_with_culprits(&all).await.len(), 2 * 64 - 1);
}

#[tokio::test]
async fn what_queues_during_the_halving_waits_for_its_end() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let tickets = queue(&batcher, 1..=3);
    first.end(Verdict::Commit);
    let whole = script.attempt().await;
    let later = queue(&batcher, 4..=5);
    whole.end(Verdict::Refuse);
    for expected in [vec![1], vec![2, 3], vec![4, 5]] {
        let attempt = script.attempt().await;
        assert_eq!(attempt.items, expected);
        attempt.end(Verdict::Commit);
    }
    assert_eq!(answers(tickets).await, [Ok(10), Ok(20), Ok(30)]);
    assert_eq!(answers(later).await, [Ok(40), Ok(50)]);
}
