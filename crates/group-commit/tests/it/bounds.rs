//! A full queue refuses at once, with a type, and has room again as soon as a batch is taken.

use group_commit::{Config, ConfigError, GroupCommit, Rejected, SubmitError};

use crate::scripted::{Scripted, Verdict, answers, occupy, queue, start};

#[tokio::test]
async fn full_by_items_is_refused_at_once_and_room_comes_back() {
    let (batcher, mut script) = start(
        Config {
            max_queued_items: 3,
            ..Config::default()
        },
        1,
    );
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let waiting = queue(&batcher, 1..=3);
    let full = Rejected::Full {
        queued_items: 3,
        queued_weight_bytes: 3,
    };
    assert_eq!(batcher.try_submit(4, 1).unwrap_err(), full);
    assert_eq!(
        batcher.submit(4, 0).await,
        Err(SubmitError::Rejected(full)),
        "without a wait"
    );

    first.end(Verdict::Commit);
    let second = script.attempt().await;
    assert_eq!(batcher.stats().queued_items, 0);
    let more = queue(&batcher, 5..=7);
    assert!(batcher.try_submit(8, 1).is_err());
    second.end(Verdict::Commit);
    let third = script.attempt().await;
    assert_eq!(third.items, [5, 6, 7], "what was refused is nowhere");
    third.end(Verdict::Commit);
    assert_eq!(answers(waiting).await, [Ok(10), Ok(20), Ok(30)]);
    assert_eq!(answers(more).await, [Ok(50), Ok(60), Ok(70)]);
}

#[tokio::test]
async fn full_by_weight_is_refused_at_once_and_room_comes_back() {
    let config = Config {
        max_queued_weight_bytes: 100,
        ..Config::default()
    };
    let (batcher, mut script) = start(config, 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let waiting = batcher.try_submit(1, 60).unwrap();
    let full = Rejected::Full {
        queued_items: 1,
        queued_weight_bytes: 60,
    };
    assert_eq!(batcher.try_submit(2, 41).unwrap_err(), full);
    let exactly = batcher.try_submit(3, 40).unwrap();
    assert!(matches!(
        batcher.try_submit(4, 1),
        Err(Rejected::Full {
            queued_items: 2,
            ..
        })
    ));

    first.end(Verdict::Commit);
    let second = script.attempt().await;
    assert_eq!(second.items, [1, 3]);
    assert_eq!(batcher.stats().queued_weight_bytes, 0);
    let _room = batcher.try_submit(5, 100).unwrap();
    second.end(Verdict::Commit);
    assert_eq!(answers(vec![waiting, exactly]).await, [Ok(10), Ok(30)]);
}

#[tokio::test]
async fn what_can_never_fit_is_told_apart_from_what_may_fit_later() {
    let config = Config {
        max_queued_weight_bytes: 100,
        ..Config::default()
    };
    let (batcher, mut script) = start(config, 1);
    for weight_bytes in [101, usize::MAX] {
        let refusal = Rejected::TooHeavy {
            weight_bytes,
            max_queued_weight_bytes: 100,
        };
        assert_eq!(batcher.try_submit(1, weight_bytes).unwrap_err(), refusal);
    }
    assert!(script.is_quiet().await);
    assert_eq!(batcher.stats().full, 0);
}

#[tokio::test]
async fn a_batcher_that_could_never_write_does_not_start() {
    let none: [Scripted; 0] = [];
    let started = GroupCommit::start(Config::default(), none);
    assert_eq!(started.unwrap_err(), ConfigError::NoWriter);
    let none: [Scripted; 0] = [];
    let config = Config {
        max_batch_items: 0,
        ..Config::default()
    };
    let refusal = ConfigError::Zero {
        field: "max_batch_items",
    };
    assert_eq!(GroupCommit::start(config, none).unwrap_err(), refusal);
}

#[test]
fn without_a_runtime_it_says_so() {
    let none: [Scripted; 0] = [];
    let started = GroupCommit::start(Config::default(), none);
    assert_eq!(started.unwrap_err(), ConfigError::NoRuntime);
}
