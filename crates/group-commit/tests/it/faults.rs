//! A store that is away, and flushers that panic: who is told what, and that the batcher goes on.

use group_commit::{Config, SubmitError};

use crate::scripted::{Batcher, Script, Verdict, answers, occupy, queue, start};

type Answer = Result<u32, SubmitError<String>>;

fn failed(batch: &str) -> Answer {
    Err(SubmitError::Failed(format!("failed {batch}")))
}

/// The next change is written as if nothing had happened.
async fn assert_goes_on(batcher: &Batcher, script: &mut Script) {
    let (attempt, ticket) = occupy(batcher, script, 77).await;
    attempt.end(Verdict::Commit);
    assert_eq!(ticket.await, Ok(770));
}

#[tokio::test]
async fn a_store_that_is_away_is_told_to_every_caller_after_one_attempt() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let tickets = queue(&batcher, 1..=3);
    first.end(Verdict::Commit);
    script.attempt().await.end(Verdict::Fail);
    assert_eq!(
        answers(tickets).await,
        [(); 3].map(|()| failed("[1, 2, 3]"))
    );
    assert!(script.is_quiet().await, "nothing is halved");
    assert_eq!(batcher.stats().failed_items, 3);
    assert_goes_on(&batcher, &mut script).await;
}

#[tokio::test]
async fn a_store_that_goes_away_during_the_halving_fails_what_is_left() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let tickets = queue(&batcher, 1..=8);
    first.end(Verdict::Commit);
    script.attempt().await.end(Verdict::Refuse);
    script.attempt().await.end(Verdict::Commit);
    let right_half = script.attempt().await;
    assert_eq!(right_half.items, [5, 6, 7, 8]);
    right_half.end(Verdict::Refuse);
    script.attempt().await.end(Verdict::Fail);
    let told = answers(tickets).await;
    assert_eq!(told[..4], [Ok(10), Ok(20), Ok(30), Ok(40)]);
    assert_eq!(told[4..], [(); 4].map(|()| failed("[5, 6]")));
    assert!(
        script.is_quiet().await,
        "the other quarter is not tried on a store that is away"
    );
    assert_goes_on(&batcher, &mut script).await;
}

#[tokio::test]
async fn a_panic_costs_its_batch_and_nothing_else() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let hit = queue(&batcher, 1..=3);
    first.end(Verdict::Commit);
    let attempt = script.attempt().await;
    let spared = queue(&batcher, 4..=5);
    attempt.end(Verdict::Panic);
    assert_eq!(
        answers(hit).await,
        [(); 3].map(|()| Err(SubmitError::Panicked))
    );
    script.recovered().await;
    script.attempt().await.end(Verdict::Commit);
    assert_eq!(answers(spared).await, [Ok(40), Ok(50)]);
    let stats = batcher.stats();
    assert_eq!(
        (stats.panics, stats.panicked_items, stats.committed_items),
        (1, 3, 3)
    );
    assert_goes_on(&batcher, &mut script).await;
}

#[tokio::test]
async fn a_panic_during_the_halving_spares_what_was_already_written() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let tickets = queue(&batcher, 1..=4);
    first.end(Verdict::Commit);
    script.attempt().await.end(Verdict::Refuse);
    script.attempt().await.end(Verdict::Commit);
    script.attempt().await.end(Verdict::Panic);
    script.recovered().await;
    let panicked = || Err(SubmitError::Panicked);
    assert_eq!(
        answers(tickets).await,
        [Ok(10), Ok(20), panicked(), panicked()]
    );
    assert_goes_on(&batcher, &mut script).await;
}

#[tokio::test]
async fn outputs_that_cannot_be_matched_are_a_panic_and_never_a_wrong_answer() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let tickets = queue(&batcher, 1..=3);
    first.end(Verdict::Commit);
    script.attempt().await.end(Verdict::CommitTooFew);
    script.recovered().await;
    assert_eq!(
        answers(tickets).await,
        [(); 3].map(|()| Err(SubmitError::Panicked))
    );
    assert_goes_on(&batcher, &mut script).await;
}
