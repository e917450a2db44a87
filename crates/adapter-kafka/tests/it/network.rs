//! Rows of the network between the publisher and the broker.

use crate::bench::{Bench, Feed};
use crate::consumer::assert_exactly_once;
use std::sync::Arc;
use std::time::Duration;
use testkit::rows;
use testkit::servers::kafka::Options;
use testkit::servers::proxy::Fault;
use testkit::servers::{Kafka, Proxy};

/// Kafka's number of the request that ends a transaction (<https://kafka.apache.org/protocol>).
const END_TXN: u16 = 26;

/// A broker of its own behind a proxy, and topics there.
async fn behind_a_proxy() -> (Kafka, Proxy, Bench) {
    let handle = tokio::runtime::Handle::current();
    let start = move || {
        // A proxy has to be started inside a runtime.
        let _inside = handle.enter();
        let mut proxy = None;
        let kafka = Kafka::start_behind(Options::default(), |broker| {
            proxy.insert(Proxy::start(broker)).address()
        });
        (kafka, proxy.unwrap())
    };
    let (kafka, proxy) = tokio::task::spawn_blocking(start).await.unwrap();
    let bench = Bench::new(&kafka.bootstrap(), 1);
    (kafka, proxy, bench)
}

/// R4: the answer to an `EndTxn` is cut, so the publisher does not know whether it has committed.
/// R5: an `EndTxn` is held back and arrives in the middle of a later transaction.
#[tokio::test(flavor = "multi_thread")]
async fn r4_r5_an_end_of_a_transaction_that_is_lost_or_late_doubles_nothing() {
    let (_kafka, proxy, bench) = behind_a_proxy().await;
    let feed = Feed::new();
    let publisher = Arc::new(bench.publisher());
    feed.grow(5).await;
    let mut going = feed.publish_through(publisher.clone(), None).await.0;
    let times = rows::times(4, 30);
    let mut errors = [0, 0];
    for round in 0..2 * times {
        let late = Duration::from_millis(20 + 35 * (round as u64 % 7));
        let fault = if round % 2 == 0 {
            Fault::CutAnswerTo(END_TXN)
        } else {
            Fault::HoldRequest(END_TXN, late)
        };
        proxy.set(fault);
        // Transactions follow each other closely, and large ones, so that one that is late meets another.
        for _ in 0..6 {
            feed.grow(if round % 2 == 0 { 10 } else { 150 }).await;
            let (again, failed) = feed.publish_through(publisher.clone(), Some(going)).await;
            (going, errors[round % 2]) = (again, errors[round % 2] + failed);
        }
    }
    assert_eq!(proxy.cuts(), 2 * times, "each fault has met an EndTxn");
    let messages = tokio::task::spawn_blocking(move || bench.read())
        .await
        .unwrap();
    let seen = assert_exactly_once(&messages, &[feed.head().await]);
    let [lost, late] = errors;
    assert!(lost >= times as u64 && late >= times as u64, "{errors:?}");
    let counted = |errors| {
        let cut = times as u64;
        seen.counted(&[("cut", cut), ("made anew", errors)])
    };
    rows::told("R4", "the answer of EndTxn cut", &counted(lost));
    rows::told("R5", "EndTxn held back past the next begin", &counted(late));
}
