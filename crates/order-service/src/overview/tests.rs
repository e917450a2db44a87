//! When it is gathered, and what.

use super::*;
use crate::config;
use crate::summary::Listening;
use order_core::ports::{Component, HealthReport};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::Counter;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Health;

impl HealthSource for Health {
    fn report(&self) -> HealthReport {
        HealthReport::of(vec![Component {
            name: "kafka-inbound".to_owned(),
            ok: false,
            required: false,
            detail: "no broker is connected yet".to_owned(),
        }])
    }
}

/// A gatherer that looks at this very process.
fn gatherer(kafka: bool) -> Arc<Gatherer> {
    counting(kafka, Arc::default())
}

/// The same, which counts how often it gathers.
fn counting(kafka: bool, looks: Arc<AtomicUsize>) -> Arc<Gatherer> {
    let config = config::tests::read(&[], &[]).unwrap();
    let port = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let listening = Listening {
        rest: port(1),
        grpc: port(2),
        management: port(3),
        probes: Vec::new(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Looks(looks)));
    registry.register("kafka_consumer_lag", "Lag", Counter::<u64>::default());
    let pod = Pod {
        registry: Arc::new(registry),
        health: Arc::new(Health),
        planes: config.planes.all().into_iter().cloned().collect(),
        links: None,
        roles: Roles::of(&config, &listening),
        secrets: Secrets::of(&config, Vec::new()),
        violations: History::new(),
        kafka,
    };
    Gatherer::new(pod, Sources::alone())
}

/// Counts how often the registry is read, which each look does once.
#[derive(Debug)]
struct Looks(Arc<AtomicUsize>);

impl Collector for Looks {
    fn encode(&self, _: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.fetch_add(1, Relaxed);
        Ok(())
    }
}

fn begin(gatherer: &Arc<Gatherer>) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Arc::clone(gatherer).run(stopped));
    stop
}

#[tokio::test]
async fn nothing_is_gathered_until_somebody_looks() {
    let looks = Arc::new(AtomicUsize::new(0));
    let gatherer = counting(false, Arc::clone(&looks));
    let _stop = begin(&gatherer);
    // That nothing happens is seen by waiting for it alone.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(looks.load(Relaxed), 0);
    let snapshot = gatherer.snapshot().await;
    assert!(snapshot.time.is_some());
    assert_eq!(snapshot.interfaces.as_ref().unwrap().len(), 4);
    assert!(snapshot.sockets.is_some());
    // Not configured, or nobody tells of it.
    assert!(snapshot.feed.is_none() && snapshot.kafka.is_none() && snapshot.peers.is_none());
    assert!(snapshot.violations.is_none(), "no plane is bound");
}

#[tokio::test]
async fn who_watches_is_told_again_and_again_and_rates_come_with_the_second_look() {
    let gatherer = gatherer(true);
    let _stop = begin(&gatherer);
    let mut news = gatherer.watch();
    let mut next = async || {
        let changed = timeout(Duration::from_secs(20), news.changed()).await;
        changed.unwrap().unwrap();
        news.borrow_and_update().clone()
    };
    let first = next().await;
    assert_eq!(first.traffic.as_ref().unwrap()[0].requests_per_second, None);
    let kafka = first.kafka.as_ref().unwrap();
    assert_eq!(kafka.trouble.as_deref(), Some("no broker is connected yet"));
    assert_eq!(first.feed.as_ref().unwrap().lag_seconds, None);
    let second = next().await;
    let rate = second.traffic.as_ref().unwrap()[0].requests_per_second;
    assert_eq!(rate, Some(0.0));
}

#[tokio::test]
async fn it_rests_when_nobody_looks_any_more() {
    let looks = Arc::new(AtomicUsize::new(0));
    let gatherer = counting(false, Arc::clone(&looks));
    let _stop = begin(&gatherer);
    let mut receiver = gatherer.watch();
    assert!(gatherer.is_looked_at());
    let first = timeout(Duration::from_secs(20), receiver.changed()).await;
    first.unwrap().unwrap();
    drop(receiver);
    assert!(!gatherer.is_looked_at());
    let before = looks.load(Relaxed);
    // Longer than the first pause, after which it would look again.
    tokio::time::sleep(FIRST_RATES_AFTER * 2).await;
    assert_eq!(looks.load(Relaxed), before);
    *locked(&gatherer.asked) = Some(Instant::now());
    assert!(gatherer.is_looked_at());
    *locked(&gatherer.asked) = Instant::now().checked_sub(ASKED_FOR);
    assert!(!gatherer.is_looked_at());
}

#[tokio::test]
async fn a_peer_that_nobody_knows_is_unknown() {
    let told = gatherer(false).status_of("order-service-b").await;
    assert_eq!(told, Err(PeerFailure::Unknown));
}
