//! Answers to callers on single-threaded runtimes of their own: all of a batch at once, and none lost
//! with its runtime.

use group_commit::{Config, GroupCommit, Ticket};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::{self, ThreadId};
use tokio::runtime::{Builder, Runtime};

use crate::lifetime::Spiteful;
use crate::scripted::{Batcher, Scripted, Verdict, occupy, queue, start};

const CALLERS: u32 = 100;

/// A runtime that is driven by nobody but the test.
fn other_runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Passes on a wake and notes the thread that it came from: a wake from a runtime's own thread costs
/// no system call, and lets all who are woken run before anything is sent.
struct Noting {
    caller: Waker,
    strangers: Arc<AtomicUsize>,
    home: ThreadId,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        if thread::current().id() != self.home {
            self.strangers.fetch_add(1, Ordering::Relaxed);
        }
        self.caller.wake_by_ref();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn callers_on_another_runtime_are_woken_from_within_it() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let strangers = Arc::new(AtomicUsize::new(0));
    let (callers, counted) = (batcher.clone(), Arc::clone(&strangers));
    let elsewhere = thread::spawn(move || {
        other_runtime().block_on(async move {
            let home = thread::current().id();
            let waiting = (1..=CALLERS).map(|item| {
                let mut ticket = callers.try_submit(item, 1).unwrap();
                let strangers = Arc::clone(&counted);
                tokio::spawn(poll_fn(move |cx| {
                    let noting = Noting {
                        caller: cx.waker().clone(),
                        strangers: Arc::clone(&strangers),
                        home,
                    };
                    let waker = Waker::from(Arc::new(noting));
                    Pin::new(&mut ticket).poll(&mut Context::from_waker(&waker))
                }))
            });
            let waiting: Vec<_> = waiting.collect();
            for (item, caller) in (1..=CALLERS).zip(waiting) {
                assert_eq!(caller.await.unwrap(), Ok(item * 10));
            }
        });
    });
    while batcher.stats().queued_items < CALLERS as usize {
        tokio::task::yield_now().await;
    }
    first.end(Verdict::Commit);
    let written = script.attempt().await;
    assert_eq!(written.items.len(), CALLERS as usize);
    written.end(Verdict::Commit);
    elsewhere.join().unwrap();
    assert_eq!(strangers.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_ticket_that_outlives_its_runtime_is_answered() {
    let (batcher, mut script) = start(Config::default(), 1);
    let (first, _ticket) = occupy(&batcher, &mut script, 0).await;
    let (early, late) = (other_runtime(), other_runtime());
    let before = submit_at(&early, &batcher, 1);
    let after = submit_at(&late, &batcher, 2);
    // One runtime is gone before its answer is sent, the other before it is delivered: nobody drives
    // them, so their couriers never run.
    drop_apart(early);
    first.end(Verdict::Commit);
    script.attempt().await.end(Verdict::Commit);
    assert_eq!(before.await, Ok(10));
    drop_apart(late);
    assert_eq!(after.await, Ok(20));
    batcher.close().await;
}

#[tokio::test]
async fn an_answer_that_panics_when_nobody_takes_it_spoils_no_other() {
    let batcher = GroupCommit::start(Config::default(), [Spiteful]).unwrap();
    let callers = batcher.clone();
    let elsewhere = thread::spawn(move || {
        other_runtime().block_on(async move {
            for _ in 0..3 {
                drop(callers.try_submit(true, 1).unwrap());
                assert!(callers.submit(false, 1).await.is_ok());
            }
        });
    });
    tokio::task::spawn_blocking(move || elsewhere.join().unwrap())
        .await
        .unwrap();
    batcher.close().await;
}

fn submit_at(runtime: &Runtime, batcher: &Batcher, item: u32) -> Ticket<Scripted> {
    let _inside = runtime.enter();
    queue(batcher, [item]).pop().unwrap()
}

/// A runtime may not be dropped inside another.
fn drop_apart(runtime: Runtime) {
    thread::spawn(move || drop(runtime)).join().unwrap();
}
