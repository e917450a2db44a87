//! Prints how fast a backlog goes from PostgreSQL to Kafka, and how late a consumer of committed events
//! sees an order after its commit: `cargo run --release -p order-service --example feed_rate`.
//!
//! Broker, database, publisher, placers and consumer share this machine.

use adapter_kafka::{Config as Kafka, KafkaPublisher};
use adapter_postgres::{Config, PostgresStore};
use order_core::app::{FeedPublisher, Publishing};
use order_core::ports::{Committed, FeedLeases, OrderStore, ReplicaId};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use testkit::servers::kafka::Options as KafkaOptions;
use testkit::servers::{Options, Postgres, Version};
use testkit::{Desk, new_order};

/// Events of the backlog, each of an order of two lines.
const BACKLOG: usize = 150_000;
/// Placers that fill it.
const PLACERS: u16 = 256;
/// Orders a second while the latency is measured, and for how long.
const PACE: u64 = 2_000;
const SECONDS: u64 = 20;
const LEASE: Duration = Duration::from_mins(10);
const ME: ReplicaId = ReplicaId(1);

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let start = || {
        let options = Options {
            settings: vec![("shared_buffers", "512MB"), ("max_wal_size", "4GB")],
            ..Options::default()
        };
        let postgres = Postgres::start(Version::Reference, options);
        (
            postgres,
            testkit::servers::Kafka::start(KafkaOptions::default()),
        )
    };
    let (postgres, kafka) = tokio::task::spawn_blocking(start).await?;
    let store = PostgresStore::open(Config::from_url(&postgres.tcp_url("postgres"))?).await?;
    fill(&store).await?;
    let publisher = Arc::new(KafkaPublisher::new(Kafka::at(kafka.bootstrap())));
    let (ours, leases) = (Arc::new(store.clone()), Arc::new(store.clone()));
    let by = FeedPublisher::new(ours, publisher, leases, ME);
    let lease = store.keep(ME, LEASE).await?.leases[0];
    let mut publishing = by.take_over(lease).await?;

    let started = Instant::now();
    let mut events = 0;
    loop {
        match publishing.publish_next().await? {
            0 => break,
            count => events += count,
        }
    }
    let took = started.elapsed();
    let rate = events as u128 * 1_000_000 / took.as_micros().max(1);
    report(&format!(
        "backlog: {events} events in {took:.2?}: {rate} events/s"
    ));

    latency(&store, publishing, &kafka.bootstrap()).await
}

async fn fill(store: &PostgresStore) -> Result<(), Failure> {
    let mut placers = Vec::new();
    for number in 0..PLACERS {
        let store = store.clone();
        placers.push(tokio::spawn(async move {
            let desk = Desk::numbered(number);
            for _ in 0..BACKLOG / usize::from(PLACERS) {
                let done = store.commit(desk.place_in(0, new_order().lines(2))).await;
                assert!(matches!(done, Ok(Committed::Done { .. })), "{done:?}");
            }
        }));
    }
    for placer in placers {
        placer.await?;
    }
    Ok(())
}

/// Commits at a steady pace, and takes the time from each acknowledgement to the consumer.
async fn latency(
    store: &PostgresStore,
    mut publishing: Publishing,
    brokers: &str,
) -> Result<(), Failure> {
    let committed: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let over = Arc::new(AtomicBool::new(false));
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "rate")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "latest")
        .create()?;
    consumer.subscribe(&["orders.events.v1"])?;
    let seeing = std::thread::spawn({
        let (committed, over) = (Arc::clone(&committed), Arc::clone(&over));
        move || see(&consumer, &committed, &over)
    });
    let ending = Arc::clone(&over);
    let publisher = tokio::spawn(async move {
        while !ending.load(Ordering::SeqCst) {
            if publishing.publish_next().await? == 0 {
                let waited = tokio::time::timeout(Duration::from_secs(1), publishing.wait());
                waited.await.unwrap_or(Ok(()))?;
            }
        }
        Ok::<(), Failure>(())
    });
    // The consumer has to have joined its group before it sees anything.
    let desk = Arc::new(Desk::numbered(PLACERS + 1));
    let started = Instant::now() + Duration::from_secs(6);
    for number in 0..PACE * SECONDS {
        let at = started + Duration::from_micros(number * 1_000_000 / PACE);
        tokio::time::sleep_until(at.into()).await;
        let (store, desk) = (store.clone(), Arc::clone(&desk));
        let committed = Arc::clone(&committed);
        tokio::spawn(async move {
            let order = desk.order(new_order().lines(2));
            let id = order.order_id.to_string();
            let done = store.commit(desk.place_order(order)).await;
            assert!(matches!(done, Ok(Committed::Done { .. })), "{done:?}");
            committed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, Instant::now());
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    over.store(true, Ordering::SeqCst);
    publisher.await??;
    let mut times = seeing.join().map_err(|_| "the consumer panicked")?;
    times.sort_unstable();
    let at = |per_mille: usize| {
        times
            .get(times.len() * per_mille / 1_000)
            .copied()
            .unwrap_or_default()
    };
    report(&format!(
        "commit to consumer at {PACE} orders/s: {} seen; p50 {:.1?}, p99 {:.1?}, p99.9 {:.1?}",
        times.len(),
        at(500),
        at(990),
        at(999)
    ));
    Ok(())
}

fn see(
    consumer: &BaseConsumer,
    committed: &Mutex<HashMap<String, Instant>>,
    over: &AtomicBool,
) -> Vec<Duration> {
    // An event may be seen a moment before its commit is answered to the placer.
    let mut seen: HashMap<String, Instant> = HashMap::new();
    while !over.load(Ordering::SeqCst) {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
            seen.insert(key, Instant::now());
        }
    }
    let committed = committed.lock().unwrap_or_else(PoisonError::into_inner);
    let times = committed
        .iter()
        .filter_map(|(id, at)| Some(seen.get(id)?.saturating_duration_since(*at)));
    times.collect()
}

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn report(line: &str) {
    println!("{line}");
}
