//! The check of the checks: a replica that is ended in a wrong way makes requests fail, and the log shows it.

use super::callers::Load;
use super::fleet::{Build, End, Fleet, until_serves};
use crate::store::Store;

/// Kills of which one has to be seen.
const MOST_KILLS: usize = 5;

/// Starts three replicas of this version under load and ends one of them so; answers what failed.
async fn failures_of(end: End) -> Vec<String> {
    let store = tokio::task::spawn_blocking(Store::postgres).await.unwrap();
    let mut fleet = Fleet::new(vec![("DATABASE_URL", store.url())]);
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(fleet.start(Build::Current).await);
    }
    let mut load = Load::begin(&fleet.endpoints);
    for replica in replicas {
        until_serves(&load.log, replica).await;
    }
    fleet.assert_none_failed(&load.log);
    fleet.end_oldest(end).await;
    load.end().await;
    load.log.failures()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_pre_stop_callers_are_sent_where_nobody_is() {
    let failures = failures_of(End::WithoutPreStop).await;
    let refused = failures.iter().filter(|why| why.contains("cannot connect"));
    assert!(refused.count() > 0, "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_drain_callers_get_no_answer() {
    // Where answers take a millisecond, a kill may find a replica with no call at hand.
    for _ in 0..MOST_KILLS {
        if !failures_of(End::WithoutDrain).await.is_empty() {
            return;
        }
    }
    panic!("{MOST_KILLS} kills went unseen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_deployed_nobody_notices() {
    let failures = failures_of(End::AsDeployed).await;
    assert!(failures.is_empty(), "{failures:#?}");
}
