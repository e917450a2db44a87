//! The hand-off under every order of events: shuttle runs the very file `queue.rs` on a lock of its
//! own and decides at each lock and each wake-up who goes on. A lost wake-up shows as a deadlock.

use std::{collections::VecDeque, sync::Arc};

use group_commit::{Config, Rejected, Stats};
use shuttle::{future, thread};
use tokio::sync::oneshot;

mod sync {
    pub(super) use shuttle::sync::{Mutex, MutexGuard};
}

#[path = "../../src/queue.rs"]
mod queue;

use queue::{Queue, Seat};

/// Random schedules for each test; each is a fraction of a millisecond.
const SCHEDULES: usize = 3_000;

type Reply = oneshot::Sender<()>;

fn config() -> Config {
    Config {
        max_batch_items: 2,
        ..Config::default()
    }
}

/// A writer that answers everything, and yields within each batch so that others get between.
fn spawn_writer(mut seat: Seat<Reply>) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        future::block_on(async move {
            let mut batch = VecDeque::new();
            let mut written = 0;
            while seat.take(&mut batch).await {
                assert!((1..=2).contains(&batch.len()));
                future::yield_now().await;
                seat.count(|stats| stats.committed_items += batch.len() as u64);
                written += batch.len();
                batch
                    .drain(..)
                    .for_each(|entry| entry.value.send(()).unwrap());
            }
            written
        })
    })
}

/// Submits one after another and waits for each answer; what is refused ends it. Returns how many
/// were accepted, and panics if one of those is forgotten.
fn spawn_caller(queue: &Arc<Queue<Reply>>, items: usize) -> thread::JoinHandle<usize> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        for accepted in 0..items {
            let (reply, answer) = oneshot::channel();
            match queue.push(reply, 1) {
                Ok(()) => future::block_on(answer).unwrap(),
                Err(refusal) => {
                    assert_eq!(refusal, Rejected::Closed);
                    return accepted;
                }
            }
        }
        items
    })
}

fn join<T>(threads: Vec<thread::JoinHandle<T>>) -> Vec<T> {
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

/// The queue is closed only after every answer has come, so that closing cannot make up for a
/// wake-up that was lost.
fn every_item_is_answered(writers: usize, callers: usize, items: usize) {
    let (queue, seats) = Queue::new(config(), writers);
    let writers: Vec<_> = seats.into_iter().map(spawn_writer).collect();
    let callers: Vec<_> = (0..callers).map(|_| spawn_caller(&queue, items)).collect();
    let accepted: usize = join(callers).into_iter().sum();
    queue.close();
    assert_eq!(join(writers).into_iter().sum::<usize>(), accepted);
    let expected = Stats {
        items: accepted as u64,
        committed_items: accepted as u64,
        ..queue.stats()
    };
    assert_eq!(queue.stats(), expected);
    assert_eq!(
        (expected.queued_items, expected.queued_weight_bytes),
        (0, 0)
    );
}

#[test]
fn no_wake_up_is_lost_with_one_writer() {
    shuttle::check_random(|| every_item_is_answered(1, 3, 2), SCHEDULES);
}

#[test]
fn no_wake_up_is_lost_with_one_writer_in_any_schedule_of_one_caller() {
    shuttle::check_dfs(|| every_item_is_answered(1, 1, 2), None);
}

#[test]
fn no_wake_up_is_lost_with_several_writers() {
    shuttle::check_random(|| every_item_is_answered(3, 4, 2), SCHEDULES);
    shuttle::check_pct(|| every_item_is_answered(2, 3, 2), SCHEDULES, 4);
}

#[test]
fn closing_beside_submissions_answers_the_accepted_and_ends_every_writer() {
    let body = || {
        let (queue, seats) = Queue::new(config(), 2);
        let writers: Vec<_> = seats.into_iter().map(spawn_writer).collect();
        let callers: Vec<_> = (0..3).map(|_| spawn_caller(&queue, 2)).collect();
        queue.close();
        let accepted: usize = join(callers).into_iter().sum();
        assert_eq!(join(writers).into_iter().sum::<usize>(), accepted);
    };
    shuttle::check_random(body, SCHEDULES);
    shuttle::check_pct(body, SCHEDULES, 4);
}

#[test]
fn a_writer_that_is_cut_off_leaves_nobody_waiting() {
    let body = || {
        let (queue, mut seats) = Queue::new(config(), 1);
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let (reply, answer) = oneshot::channel::<()>();
                    match queue.push(reply, 1) {
                        Ok(()) => assert!(future::block_on(answer).is_err()),
                        Err(refusal) => assert_eq!(refusal, Rejected::Closed),
                    }
                })
            })
            .collect();
        // As a runtime does that shuts down: the writer's future is dropped, awake or parked.
        let cut_off = seats.pop().unwrap();
        thread::spawn(move || drop(cut_off)).join().unwrap();
        join(callers);
        assert_eq!(queue.stats().queued_items, 0);
    };
    shuttle::check_random(body, SCHEDULES);
}

#[test]
fn a_writer_that_is_cut_off_is_replaced_by_another() {
    let body = || {
        let (queue, mut seats) = Queue::new(config(), 2);
        let cut_off = seats.pop().unwrap();
        let writers: Vec<_> = seats.into_iter().map(spawn_writer).collect();
        let callers: Vec<_> = (0..2).map(|_| spawn_caller(&queue, 2)).collect();
        // It may be cut off just after it was the one that was woken.
        let cut = thread::spawn(move || {
            let mut cut_off = cut_off;
            let mut batch = VecDeque::new();
            let mut take = Box::pin(cut_off.take(&mut batch));
            let mut looks = 0;
            let parked_once = std::future::poll_fn(|cx| {
                looks += 1;
                if looks == 2 {
                    std::task::Poll::Ready(None)
                } else {
                    take.as_mut().poll(cx).map(Some)
                }
            });
            let taken = future::block_on(parked_once);
            drop(take);
            batch
                .drain(..)
                .for_each(|entry| entry.value.send(()).unwrap());
            taken
        });
        let accepted: usize = join(callers).into_iter().sum();
        queue.close();
        cut.join().unwrap();
        assert!(join(writers).into_iter().sum::<usize>() <= accepted);
        assert_eq!(queue.stats().items, accepted as u64);
    };
    shuttle::check_random(body, SCHEDULES);
}
