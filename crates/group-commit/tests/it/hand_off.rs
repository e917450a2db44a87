//! What becomes a batch: what queued while the last one was written, in order.

use group_commit::{Config, Stats};

use crate::scripted::{Verdict, answers, occupy, queue, start};

#[tokio::test]
async fn what_queued_during_a_commit_is_the_next_batch() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, first_ticket) = occupy(&batcher, &mut script, 1).await;
    let rest = queue(&batcher, 2..=9);
    assert!(script.is_quiet().await, "one writer never overlaps itself");

    first.end(Verdict::Commit);
    let second = script.attempt().await;
    assert_eq!(second.items, (2..=9).collect::<Vec<_>>());
    assert_eq!(
        first_ticket.await,
        Ok(10),
        "answered before the next batch ends"
    );
    second.end(Verdict::Commit);
    assert_eq!(
        answers(rest).await,
        (2..=9).map(|item| Ok(item * 10)).collect::<Vec<_>>()
    );

    let (_, after) = occupy(&batcher, &mut script, 10).await;
    drop(after);
}

#[tokio::test]
async fn submit_waits_for_the_commit_and_returns_its_output() {
    let (batcher, mut script) = start(Config::default(), 1);
    let submit = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.submit(7, 1).await }
    });
    let attempt = script.attempt().await;
    assert!(!submit.is_finished());
    attempt.end(Verdict::Commit);
    assert_eq!(submit.await.unwrap(), Ok(70));
}

#[tokio::test]
async fn a_batch_is_bounded_by_items_and_keeps_the_order() {
    let (batcher, mut script) = start(
        Config {
            max_batch_items: 3,
            ..Config::default()
        },
        1,
    );
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let tickets = queue(&batcher, 1..=8);
    first.end(Verdict::Commit);
    for expected in [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8]] {
        let attempt = script.attempt().await;
        assert_eq!(attempt.items, expected);
        attempt.end(Verdict::Commit);
    }
    assert_eq!(
        answers(tickets).await,
        (1..=8).map(|item| Ok(item * 10)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_batch_is_bounded_by_weight_and_a_heavier_item_goes_alone() {
    let config = Config {
        max_batch_weight_bytes: 10,
        ..Config::default()
    };
    let (batcher, mut script) = start(config, 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let weights = [(1, 4), (2, 6), (3, 1), (4, 25), (5, 10), (6, 0)];
    let tickets = weights.map(|(item, weight)| batcher.try_submit(item, weight).unwrap());
    first.end(Verdict::Commit);
    let mut left = 46;
    for (expected, weight) in [
        (vec![1, 2], 10),
        (vec![3], 1),
        (vec![4], 25),
        (vec![5, 6], 10),
    ] {
        let attempt = script.attempt().await;
        assert_eq!(attempt.items, expected);
        left -= weight;
        assert_eq!(batcher.stats().queued_weight_bytes, left);
        attempt.end(Verdict::Commit);
    }
    assert_eq!(answers(tickets.into()).await.len(), 6);
}

#[tokio::test]
async fn statistics_say_what_happened() {
    let (batcher, mut script) = start(
        Config {
            max_queued_items: 4,
            ..Config::default()
        },
        1,
    );
    assert_eq!(batcher.stats(), Stats::default());
    let (first, first_ticket) = occupy(&batcher, &mut script, 1).await;
    let rest = queue(&batcher, 2..=5);
    assert!(batcher.try_submit(6, 1).is_err());
    let busy = Stats {
        queued_items: 4,
        queued_weight_bytes: 4,
        busy_writers: 1,
        last_batch_items: 1,
        batches: 1,
        items: 1,
        full: 1,
        ..Stats::default()
    };
    assert_eq!(batcher.stats(), busy);

    first.end(Verdict::Commit);
    assert_eq!(first_ticket.await, Ok(10));
    script.attempt().await.end(Verdict::Commit);
    answers(rest).await;
    assert!(script.is_quiet().await);
    let idle = Stats {
        last_batch_items: 4,
        batches: 2,
        items: 5,
        full: 1,
        flushes: 2,
        committed_items: 5,
        ..Stats::default()
    };
    assert_eq!(batcher.stats(), idle);
}
