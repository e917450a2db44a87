//! Rows of the feed to Kafka in which replicas die, sleep and stop.

use crate::consumer::Seen;
use crate::history::History;
use crate::service::Service;
use crate::site::{Site, TAKEN_OVER, until_logged};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::kafka::Options;

/// As short as CI is patient.
const SHORT_LEASE: &str = "2s";
/// A take-over may take so much longer than the lease.
const TAKE_OVER: Duration = Duration::from_secs(2);

async fn site() -> Site {
    Site::new(Options::default(), SHORT_LEASE).await
}

/// A replica that publishes, and one that waits.
async fn pair(site: &Site) -> (Service, Service) {
    let publisher = site.start();
    publisher
        .client()
        .post("/v1/orders", "first", crate::client::order(1))
        .await;
    until_logged(&publisher, TAKEN_OVER, 1).await;
    (publisher, site.start())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

/// Every order that was acknowledged is in the feed, and the feed is in Kafka.
async fn check(site: &Site, history: &History, service: &Service) -> Seen {
    history.settle(&mut service.client()).await;
    site.check().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_kills_of_the_publisher_inside_transactions() {
    // At full size the default.
    let lease = Duration::from_secs(rows::times(2, 5) as u64);
    let site = Site::new(Options::default(), &format!("{}s", lease.as_secs())).await;
    let (mut publisher, mut other) = pair(&site).await;
    let history = Arc::new(History::default());
    let kills = rows::times(3, 12);
    let mut longest = Duration::ZERO;
    for round in 0..kills {
        let callers = history.begin(other.rest, round);
        history.more(200 + round * 37).await;
        publisher.signal("KILL");
        let killed = Instant::now();
        until_logged(&other, TAKEN_OVER, 1).await;
        longest = longest.max(killed.elapsed());
        history.more(100).await;
        history.end(callers).await;
        publisher = std::mem::replace(&mut other, site.start());
    }
    let seen = check(&site, &history, &publisher).await;
    let counted = seen.counted(&[
        ("kills", kills as u64),
        ("longest take-over ms", millis(longest)),
        ("lease ms", millis(lease)),
    ]);
    rows::told("R1", "kill -9 of the publisher under load", &counted);
    assert!(longest <= lease + TAKE_OVER, "a take-over took {longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_a_publisher_that_slept_is_fenced() {
    let site = site().await;
    let (mut publisher, mut other) = pair(&site).await;
    let history = Arc::new(History::default());
    let sleeps = rows::times(2, 12);
    for round in 0..sleeps {
        let takeovers = other.log().matches(TAKEN_OVER).count();
        let callers = history.begin(other.rest, round);
        history.more(100 + round * 37).await;
        publisher.signal("STOP");
        until_logged(&other, TAKEN_OVER, takeovers + 1).await;
        history.more(50).await;
        publisher.signal("CONT");
        // The zombie is awake again when it answers; it goes on where it was, and must not get through.
        assert_eq!(publisher.client().get("/livez").await.status, 200);
        history.more(200).await;
        history.end(callers).await;
        std::mem::swap(&mut publisher, &mut other);
    }
    let seen = check(&site, &history, &publisher).await;
    let counted = seen.counted(&[("sleeps", sleeps as u64)]);
    rows::told("R2", "SIGSTOP past the lease, then SIGCONT", &counted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r12_a_backlog_drains_after_all_replicas_died() {
    let site = site().await;
    let (publisher, other) = pair(&site).await;
    let history = Arc::new(History::default());
    // A broker that says nothing lets a backlog grow.
    site.kafka.pause(1);
    let mut callers = history.begin(publisher.rest, 0);
    callers.extend(history.begin(other.rest, 1));
    history.more(rows::times(500, 20_000)).await;
    publisher.signal("KILL");
    other.signal("KILL");
    History::join(callers).await;
    site.kafka.resume(1);
    let last = site.start();
    let seen = check(&site, &history, &last).await;
    let injected = "kill -9 of all replicas with a backlog";
    rows::told("R12", injected, &seen.counted(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_stop_ends_the_transaction_and_gives_the_lease_back() {
    // Had a replica to wait for the lease, the test would take minutes.
    let site = Site::new(Options::default(), "3m").await;
    let (mut publisher, mut other) = pair(&site).await;
    let history = Arc::new(History::default());
    let stops = rows::times(3, 12);
    let mut longest = Duration::ZERO;
    for round in 0..stops {
        let callers = history.begin(other.rest, round);
        history.more(100 + round * 37).await;
        publisher.signal("TERM");
        let (status, log) = publisher.wait();
        let stopped = Instant::now();
        assert!(status.success(), "{log}");
        assert!(!log.contains("were not given back"), "{log}");
        assert!(!log.contains("left to be aborted"), "{log}");
        until_logged(&other, TAKEN_OVER, 1).await;
        longest = longest.max(stopped.elapsed());
        history.end(callers).await;
        publisher = std::mem::replace(&mut other, site.start());
    }
    let seen = check(&site, &history, &publisher).await;
    let counted = seen.counted(&[
        ("stops", stops as u64),
        ("longest take-over ms", millis(longest)),
    ]);
    rows::told("R13", "SIGTERM of the publisher under load", &counted);
    assert!(longest < Duration::from_mins(1), "the lease was waited for");
}
