//! Who goes away and what it does: a caller never cancels a write, an owner ends the batcher, a
//! runtime that ends leaves nobody waiting.

use group_commit::{Config, Flush, FlushError, GroupCommit, Rejected, SubmitError};
use tokio::runtime::Builder;

use crate::scripted::{Verdict, answers, occupy, queue, start};

#[tokio::test]
async fn a_caller_that_goes_away_never_cancels_a_write() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (in_flight, ticket) = occupy(&batcher, &mut script, 1).await;
    drop(ticket);
    let queued = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.submit(2, 1).await }
    });
    assert!(script.is_quiet().await);
    queued.abort();
    assert!(queued.await.unwrap_err().is_cancelled());

    let neighbour = queue(&batcher, [3]);
    in_flight.end(Verdict::Commit);
    let attempt = script.attempt().await;
    assert_eq!(attempt.items, [2, 3]);
    attempt.end(Verdict::Commit);
    assert_eq!(answers(neighbour).await, [Ok(30)]);
    assert_eq!(batcher.stats().committed_items, 3);
}

#[tokio::test]
async fn close_refuses_new_work_writes_the_accepted_and_then_ends() {
    let (batcher, mut script) = start(
        Config {
            max_batch_items: 2,
            ..Config::default()
        },
        2,
    );
    let (first, first_ticket) = occupy(&batcher, &mut script, 0).await;
    // The second writer takes what queues beside the first, and the rest waits.
    let accepted = queue(&batcher, 1..=5);
    let closing = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.close().await }
    });
    let second = script.attempt().await;
    assert!(script.is_quiet().await);
    assert_eq!(
        batcher.submit(9, 1).await,
        Err(SubmitError::Rejected(Rejected::Closed))
    );
    assert!(
        !closing.is_finished(),
        "accepted work is still to be written"
    );

    first.end(Verdict::Commit);
    second.end(Verdict::Commit);
    let written = script.run(|_| Verdict::Commit).await;
    assert_eq!(written.concat(), [3, 4, 5]);
    closing.await.unwrap();
    batcher.close().await;
    assert_eq!(first_ticket.await, Ok(0));
    assert_eq!(
        answers(accepted).await,
        (1..=5).map(|item| Ok(item * 10)).collect::<Vec<_>>()
    );
    assert_eq!(batcher.try_submit(9, 1).unwrap_err(), Rejected::Closed);
}

#[tokio::test]
async fn closing_an_idle_batcher_ends_every_writer() {
    let (batcher, mut script) = start(Config::default(), 3);
    assert!(script.is_quiet().await);
    batcher.close().await;
    assert!(script.run(|_| Verdict::Commit).await.is_empty());
}

#[tokio::test]
async fn dropping_the_last_handle_writes_the_accepted_and_then_ends() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let accepted = queue(&batcher, 1..=2);
    let other = batcher.clone();
    drop(batcher);
    let more = queue(&other, [3]);
    drop(other);
    first.end(Verdict::Commit);
    assert_eq!(script.run(|_| Verdict::Commit).await, [[1, 2, 3]]);
    assert_eq!(answers(accepted).await, [Ok(10), Ok(20)]);
    assert_eq!(answers(more).await, [Ok(30)]);
}

#[test]
fn a_runtime_that_ends_under_the_writer_leaves_nobody_waiting() {
    let writers = Builder::new_current_thread().build().unwrap();
    let (batcher, mut script) = writers.block_on(async { start(Config::default(), 1) });
    let (_in_flight, ticket) = writers.block_on(occupy(&batcher, &mut script, 1));
    let queued = queue(&batcher, [2]);
    drop(writers);

    let callers = Builder::new_current_thread().build().unwrap();
    callers.block_on(async {
        assert_eq!(ticket.await, Err(SubmitError::Abandoned));
        assert_eq!(answers(queued).await, [Err(SubmitError::Abandoned)]);
        assert_eq!(batcher.try_submit(3, 1).unwrap_err(), Rejected::Closed);
        batcher.close().await;
    });
    assert_eq!(batcher.stats().queued_weight_bytes, 0);
}

/// Its outputs panic when they are dropped, which happens to them where no caller waits any more.
pub(crate) struct Spiteful;

pub(crate) struct Spite;

impl Drop for Spite {
    fn drop(&mut self) {
        panic!("told to");
    }
}

impl Flush for Spiteful {
    type Item = bool;
    type Output = Option<Spite>;
    type Error = ();

    async fn flush(&mut self, batch: &[bool]) -> Result<Vec<Option<Spite>>, FlushError<()>> {
        Ok(batch.iter().map(|spite| spite.then(|| Spite)).collect())
    }

    fn after_panic(&mut self) {
        panic!("again");
    }
}

#[tokio::test]
async fn not_even_panics_around_the_flush_end_the_writer() {
    let batcher = GroupCommit::start(Config::default(), [Spiteful]).unwrap();
    drop(batcher.try_submit(true, 1).unwrap());
    let neighbour = batcher.try_submit(false, 1).unwrap();
    assert!(matches!(neighbour.await, Err(SubmitError::Panicked)));
    assert!(
        batcher
            .submit(false, 1)
            .await
            .is_ok_and(|output| output.is_none())
    );
}
