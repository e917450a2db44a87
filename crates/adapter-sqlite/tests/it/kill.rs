//! kill -9 in the middle of commits, again and again on one file: what was acknowledged is there once,
//! the feed is dense, and each order's versions are contiguous.
//!
//! The child is this very test in a process of its own, told so by the environment. It writes as fast
//! as it can and prints each acknowledgement; the parent kills it after some of them.

use crate::disk_full::integrity;
use crate::support::{all_events, open};
use order_core::domain::{Event, EventData, Order, OrderId};
use order_core::ports::{Committed, OrderStore};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use testkit::desk::done;
use testkit::{Desk, fact, new_order};

const KILLS: u16 = 50;
/// Callers at once in the child.
const WRITERS: usize = 16;
/// Acknowledgements after which a child is killed, at most.
const MAX_ACKS: u64 = 120;
const FOLDER: &str = "SQLITE_KILL_TEST_FOLDER";
const ROUND: &str = "SQLITE_KILL_TEST_ROUND";

#[test]
fn fifty_kills_lose_nothing_and_double_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    if let Ok(folder) = std::env::var(FOLDER) {
        let round = std::env::var(ROUND).unwrap().parse().unwrap();
        runtime.block_on(write_until_killed(Path::new(&folder), round));
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut acknowledged: HashMap<OrderId, u64> = HashMap::new();
    let mut events = 0;
    for round in 0..KILLS {
        for (order_id, version) in kill_after_some(folder.path(), round) {
            let newest = acknowledged.entry(order_id).or_default();
            *newest = version.max(*newest);
        }
        let found = runtime.block_on(check(folder.path(), &acknowledged));
        assert!(found > events, "round {round} has written nothing");
        events = found;
    }
    assert!(
        acknowledged.len() > usize::from(KILLS),
        "{} orders",
        acknowledged.len()
    );
}

/// The child: every caller places an order and moves it on, in changes of one and of two events.
async fn write_until_killed(folder: &Path, round: u16) {
    let store = Arc::new(open(folder).await);
    let desk = Arc::new(Desk::numbered(round + 1));
    let callers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (store, desk) = (Arc::clone(&store), Arc::clone(&desk));
            tokio::spawn(async move {
                loop {
                    let order = acknowledge(desk.placed(&*store, new_order()).await);
                    let paid = fact::authorized(&order, "pay-1", order.totals.total.minor());
                    let order = acknowledge(done(&*store, desk.record(&order, paid)).await);
                    acknowledge(done(&*store, desk.record(&order, fact::reserved("res-1"))).await);
                }
            })
        })
        .collect();
    // None ends, unless it fails.
    futures_util::future::select_all(callers).await.0.unwrap();
}

#[expect(
    clippy::print_stdout,
    reason = "the parent reads what this process prints"
)]
fn acknowledge(order: Arc<Order>) -> Arc<Order> {
    println!("ack {} {}", order.order_id, order.version);
    order
}

/// Starts a child, kills it after a number of acknowledgements that differs with the round, and
/// answers all that it gave.
fn kill_after_some(folder: &Path, round: u16) -> Vec<(OrderId, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::fifty_kills_lose_nothing_and_double_nothing",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let wanted = u64::from(round) * 7_919 % MAX_ACKS + 1;
    let mut acks = Vec::new();
    for line in output.lines() {
        // The last line may be cut off in its middle.
        let Ok(line) = line else { break };
        let Some((order_id, version)) = line
            .strip_prefix("ack ")
            .and_then(|ack| ack.split_once(' '))
        else {
            continue;
        };
        acks.push((order_id.parse().unwrap(), version.parse().unwrap()));
        if acks.len() as u64 == wanted {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(
        acks.len() as u64 >= wanted,
        "the child ended by itself with {status} after {} acks",
        acks.len()
    );
    acks
}

/// Opens the file that a killed child left, and answers how many events it holds.
async fn check(folder: &Path, acknowledged: &HashMap<OrderId, u64>) -> usize {
    assert_eq!(integrity(&folder.join("orders.db")).await, "ok");
    let store = open(folder).await;
    let events = all_events(&store).await;
    let mut versions: HashMap<OrderId, u64> = HashMap::new();
    for (offset, recorded) in (1..).zip(&events) {
        assert_eq!(recorded.position.offset, offset, "the feed is dense");
        let version = versions.entry(recorded.event.order.order_id).or_default();
        *version += 1;
        assert_eq!(
            recorded.event.version(),
            *version,
            "versions are contiguous, and each is there once"
        );
    }
    for (order_id, version) in acknowledged {
        let found = versions.get(order_id).copied().unwrap_or_default();
        assert!(
            found >= *version,
            "{order_id}/{version} was acknowledged, but {found} is the newest"
        );
        let loaded = store.load(*order_id).await.unwrap().unwrap();
        assert_eq!(
            loaded.version, found,
            "the order is as its newest event says"
        );
    }
    assert_whole(
        &events
            .iter()
            .map(|recorded| &recorded.event)
            .collect::<Vec<_>>(),
    );
    // The next one is written at the right place.
    let next = Desk::numbered(0).place(new_order());
    assert!(matches!(
        store.commit(next).await,
        Ok(Committed::Done { .. } | Committed::RequestKnown(_))
    ));
    store.close().await.unwrap();
    events.len()
}

/// A reservation of paid goods confirms the order in the same change: both events or none.
fn assert_whole(events: &[&Event]) {
    let reserved = events
        .iter()
        .filter(|event| matches!(event.data, EventData::FulfillmentChanged(_)));
    let confirmed = events
        .iter()
        .filter(|event| matches!(event.data, EventData::Confirmed));
    assert_eq!(
        reserved.count(),
        confirmed.count(),
        "a change of two events is whole"
    );
}
