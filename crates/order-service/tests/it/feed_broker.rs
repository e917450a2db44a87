//! Rows of Kafka: brokers that die, that are too few, and that say nothing. Orders go on all the while.

use crate::client::order;
use crate::history::History;
use crate::service::Service;
use crate::site::{Site, TAKEN_OVER, metric, until_logged, until_metric};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::kafka::{Options, Topic};

/// The API's answers stay below this while no broker answers, on the slowest machine.
const SLOWEST_ANSWER: Duration = Duration::from_secs(5);
/// Orders that go on is so many more acknowledgements.
const MORE: usize = 100;

/// A service on two brokers that has published something.
async fn on_two_brokers(topics: &[Topic]) -> (Site, Service) {
    let options = Options {
        brokers: 2,
        ..Options::default()
    };
    let site = Site::new(options, "5s").await;
    let topics = topics.to_vec();
    site.brokers(move |kafka| kafka.create_topics(&topics))
        .await;
    let service = site.start();
    service.client().post("/v1/orders", "first", order(1)).await;
    until_logged(&service, TAKEN_OVER, 1).await;
    (site, service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k1_k2_brokers_and_the_controller_die_and_come_back() {
    let (site, service) = on_two_brokers(&[]).await;
    let history = Arc::new(History::default());
    let callers = history.begin(service.rest, 0);
    let deaths = rows::times(1, 5) as u64;
    for _ in 0..deaths {
        // Broker 1 is the controller.
        for broker in [2, 1] {
            history.more(MORE).await;
            site.brokers(move |kafka| kafka.kill9(broker)).await;
            history.more(MORE).await;
            site.brokers(move |kafka| kafka.start_again(broker)).await;
            history.more(MORE).await;
            site.caught_up().await;
        }
    }
    history.end(callers).await;
    let seen = site.check().await;
    let counted = seen.counted(&[("deaths", deaths)]);
    rows::told("K1", "kill -9 of one of two brokers under load", &counted);
    rows::told("K2", "kill -9 of the controller under load", &counted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k3_too_few_in_sync_replicas_cost_lag_and_nothing_else() {
    let strict = |name: &str, cleanup: &str| {
        let topic = Topic::new(name, 1).with("min.insync.replicas", "2");
        topic.with("cleanup.policy", cleanup)
    };
    let (site, service) = on_two_brokers(&[
        strict("orders.events.v1", "delete"),
        strict("orders.feed-cursors.v1", "compact"),
    ])
    .await;
    let history = Arc::new(History::default());
    let callers = history.begin(service.rest, 0);
    history.more(MORE).await;
    site.brokers(|kafka| kafka.kill9(2)).await;
    history.more(MORE).await;
    until_metric(&service, "feed_lag_events", |lag| lag > 50.0).await;
    until_metric(&service, "feed_lag_seconds", |lag| lag > 2.0).await;
    history.more(MORE).await;
    site.brokers(|kafka| kafka.start_again(2)).await;
    history.more(MORE).await;
    history.end(callers).await;
    let seen = site.check().await;
    until_metric(&service, "feed_lag_events", |lag| lag < 1.0).await;
    let injected = "in-sync replicas under the minimum";
    rows::told("K3", injected, &seen.counted(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k4_brokers_that_say_nothing_leave_the_api_alone() {
    let site = Site::new(Options::default(), "5s").await;
    let service = site.start();
    let mut client = service.client();
    client.post("/v1/orders", "first", order(1)).await;
    until_logged(&service, TAKEN_OVER, 1).await;
    site.drained().await;
    site.kafka.pause(1);
    let silence = Duration::from_secs(rows::times(8, 180) as u64);
    let (started, mut slowest, mut placed) = (Instant::now(), Duration::ZERO, 0);
    while started.elapsed() < silence {
        let asked = Instant::now();
        let answer = client
            .post("/v1/orders", &format!("k-{placed}"), order(1))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        slowest = slowest.max(asked.elapsed());
        placed += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let lag = metric(&service, "feed_lag_seconds").await;
    assert!(lag > 3.0, "the lag is told: {lag}");
    let ready = service.client().get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    site.kafka.resume(1);
    let seen = site.check().await;
    let slowest_millis = u64::try_from(slowest.as_millis()).unwrap();
    let counted = seen.counted(&[
        ("silent seconds", silence.as_secs()),
        ("slowest answer ms", slowest_millis),
    ]);
    rows::told("K4", "all brokers silent while orders are placed", &counted);
    assert!(slowest < SLOWEST_ANSWER, "{slowest:?}");
}
