//! The stop under load: what was accepted is answered, what was not is not done.

use crate::desk::{Desk, client_of, here, place};
use crate::slow_store::SlowStore;
use adapter_grpc::Config;
use std::sync::Arc;
use testkit::fakes::MemoryStore;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Calls that are under way on each connection.
const CALLERS: usize = 16;

async fn drain_under_load(desk: Desk) {
    let store = desk.store.clone();
    let mut callers = JoinSet::new();
    let begun = Arc::new(Semaphore::new(0));
    for connection in 0..4 {
        let wire = desk.wire().await;
        for caller in 0..CALLERS {
            let (mut client, begun) = (client_of(wire.clone()), Arc::clone(&begun));
            callers.spawn(async move {
                let mut answered = 0_usize;
                loop {
                    let key = format!("{connection}-{caller}-{answered}");
                    if let Err(status) = client.place_order(place(&key)).await {
                        // Never reached a method: the connection had said goodbye.
                        assert!(status.details().is_empty(), "{status:?}");
                        return answered;
                    }
                    answered += 1;
                    begun.add_permits(1);
                }
            });
        }
    }
    let _ = begun.acquire_many(500).await.unwrap();
    let report = desk.stop().report().await;
    let mut answered = 0;
    while let Some(count) = callers.join_next().await {
        answered += count.unwrap();
    }
    assert_eq!((report.served, report.cut), (4, 0));
    assert!(answered >= 500);
    assert_eq!(store.order_count(), answered, "placed, and answered");
}

#[tokio::test]
async fn what_was_accepted_is_answered() {
    drain_under_load(Desk::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_share_an_address_and_drain_alike() {
    drain_under_load(Desk::with(Config {
        threads: 2,
        ..here()
    }))
    .await;
}

#[tokio::test]
async fn a_call_that_is_under_way_is_answered_after_the_stop() {
    let store = MemoryStore::new();
    let slow = SlowStore::new(store.clone());
    let desk = Desk::on(
        here(),
        store.clone(),
        Arc::new(slow.clone()),
        Arc::new(store.clone()),
    );
    let mut client = desk.client().await;
    let call = tokio::spawn(async move { client.place_order(place("k")).await });
    // Its commit stands at the gate once another task than the call's waits for it.
    let other = desk.client().await;
    while Arc::strong_count(&slow.gate) < 3 {
        tokio::task::yield_now().await;
    }
    let stopping = desk.stop();
    // The goodbye has come once a connection takes no more calls.
    let mut wire = other;
    while wire
        .list_orders(order_proto::v1::ListOrdersRequest::default())
        .await
        .is_ok()
    {}
    slow.gate.add_permits(1);
    assert_eq!(call.await.unwrap().unwrap().into_inner().version, 1);
    assert_eq!(stopping.report().await.cut, 0);
}

#[tokio::test]
async fn a_listener_that_never_serves_lets_its_threads_go() {
    let config = Config {
        threads: 2,
        ..here()
    };
    let plane = crate::desk::plane();
    let bound = adapter_grpc::bind(&plane, &config, planes::Timers::DEFAULT).unwrap();
    let taken = Config {
        listen_addr: bound.local_addr(),
        threads: 0,
        ..here()
    };
    let bind = |config: &Config| adapter_grpc::bind(&plane, config, planes::Timers::DEFAULT);
    assert!(bind(&taken).is_err(), "the address is in use");
    drop(bound);
    let free = async {
        while bind(&taken).is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::desk::PATIENCE, free)
        .await
        .expect("the address becomes free");
}

/// Threads of this process that are gRPC's.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("grpc-")).count()
}

/// What calls have opened on a thread's runtime, as a session with a store, serves others too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_run_on_after_their_last_call_while_somebody_keeps_them() {
    let before = threads();
    let config = Config {
        threads: 2,
        ..here()
    };
    let desk = Desk::with(config);
    desk.placed("k").await;
    let (report, keep) = desk.stop().report_and_keep().await;
    assert_eq!((report.served, report.cut), (1, 0));
    assert_eq!(threads(), before + 2, "kept");
    drop(keep);
    let gone = async {
        while threads() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::desk::PATIENCE, gone)
        .await
        .expect("the threads end");
}

/// Before a handshake is done no goodbye can be sent; the drain must not wait for it.
#[tokio::test]
async fn who_never_spoke_does_not_hold_up_the_stop() {
    let desk = Desk::new();
    let _silent = desk.stream().await;
    desk.placed("k").await;
    let report = desk.stop().report().await;
    assert_eq!((report.served, report.cut), (2, 0));
}
