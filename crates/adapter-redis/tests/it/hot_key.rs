//! Row D5: a hot copy expires under a thousand readers, and the store is asked once.

use crate::support::{Bench, RealClock, until};
use order_core::app::{AllowedAge, Orders};
use order_core::ports::OrderStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use testkit::desk::order_of;
use testkit::fakes::{MemoryStore, SequentialIds};
use testkit::rows::{times, told};
use testkit::{Desk, new_order};

const READERS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_a_hot_key_that_expires_under_a_thousand_readers_is_one_load() {
    let bench = Bench::start().await;
    let store = MemoryStore::new();
    let placing = Desk::new().place(new_order());
    let order = order_of(&placing);
    store.commit(placing).await.unwrap();
    let (shared, feed) = (Arc::new(store.clone()), Arc::new(store.clone()));
    let ids = Arc::new(SequentialIds::default());
    let orders =
        Orders::new(shared, feed, Arc::new(RealClock), ids).with_cache(bench.redis.cache());
    let allowed = AllowedAge {
        max_age: Duration::from_hours(1),
        ..AllowedAge::default()
    };
    let (stop, reads) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let (orders, id) = (orders.clone(), order.order_id);
        let (stop, reads) = (Arc::clone(&stop), Arc::clone(&reads));
        readers.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(orders.get_aged(id, allowed).await.unwrap().order.version, 1);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let key = format!("orders:order:{}", order.order_id);
    let there = async || bench.server.ask(&["EXISTS", &key]) == "1";
    let rounds = times(10, 200);
    for round in 1..=rounds {
        until("the copy is there", there).await;
        assert_eq!(
            store.loads(),
            round,
            "one load for each time that it was gone"
        );
        assert_eq!(bench.server.ask(&["PEXPIRE", &key, "1"]), "1");
        until("it is loaded anew", async || store.loads() > round).await;
    }
    until("the copy is there", there).await;
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    let loads = store.loads();
    assert_eq!(loads, rounds + 1);
    assert_eq!(bench.metric("redis_breaker_opened_total"), 0);
    told(
        "D5",
        "a hot copy expires under 1,000 readers",
        &[
            ("expiries", u64::try_from(rounds).unwrap()),
            ("reads", reads.load(Ordering::Relaxed)),
            ("loads", u64::try_from(loads).unwrap()),
        ],
    );
}
