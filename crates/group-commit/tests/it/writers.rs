//! A further writer starts only when it does not merely split the batch of the first.

use group_commit::Config;

use crate::scripted::{Verdict, answers, occupy, queue, start};

#[tokio::test]
async fn a_further_writer_starts_at_eighty_percent_of_the_last_batch() {
    let (batcher, mut script) = start(Config::default(), 2);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    // Ten wait at once: more than the last batch, so the second writer takes them beside the first.
    let ten = queue(&batcher, 1..=10);
    let second = script.attempt().await;
    assert_eq!(second.items, (1..=10).collect::<Vec<_>>());
    assert_ne!(second.writer, first.writer);
    first.end(Verdict::Commit);

    let seven = queue(&batcher, 11..=17);
    assert!(
        script.is_quiet().await,
        "seven of the last ten would only split the next batch"
    );
    let eighth = queue(&batcher, [18]);
    let third = script.attempt().await;
    assert_eq!(third.items, (11..=18).collect::<Vec<_>>());
    second.end(Verdict::Commit);
    third.end(Verdict::Commit);
    for tickets in [ten, seven, eighth] {
        assert!(answers(tickets).await.iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn what_was_too_little_for_a_further_writer_is_taken_when_the_first_is_done() {
    let (batcher, mut script) = start(Config::default(), 2);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let ten = queue(&batcher, 1..=10);
    let second = script.attempt().await;
    first.end(Verdict::Commit);
    let few = queue(&batcher, 11..=12);
    assert!(script.is_quiet().await);
    second.end(Verdict::Commit);
    let third = script.attempt().await;
    assert_eq!(third.items, [11, 12]);
    third.end(Verdict::Commit);
    assert!(
        answers(ten)
            .await
            .iter()
            .chain(&answers(few).await)
            .all(Result::is_ok)
    );
}

#[tokio::test]
async fn a_writer_that_leaves_much_behind_wakes_the_next() {
    let (batcher, mut script) = start(
        Config {
            max_batch_items: 4,
            ..Config::default()
        },
        3,
    );
    assert!(
        script.is_quiet().await,
        "all three have looked and are parked"
    );
    let tickets = queue(&batcher, 1..=12);
    let attempts = [
        script.attempt().await,
        script.attempt().await,
        script.attempt().await,
    ];
    assert_eq!(batcher.stats().busy_writers, 3);
    let mut writers = attempts.each_ref().map(|attempt| attempt.writer);
    writers.sort_unstable();
    assert_eq!(writers, [0, 1, 2]);
    assert_eq!(
        attempts.each_ref().map(|attempt| attempt.items[0]),
        [1, 5, 9]
    );
    for attempt in attempts {
        attempt.end(Verdict::Commit);
    }
    assert_eq!(
        answers(tickets).await,
        (1..=12).map(|item| Ok(item * 10)).collect::<Vec<_>>()
    );
}
