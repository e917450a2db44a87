//! The whole way on real servers: replicas die while orders are placed and facts come one to three
//! times each by Kafka; afterwards every event was seen once and in order, and each fact counted once.

use crate::client::{Client, order};
use crate::service::Service;
use crate::store::Store;
use crate::topics::{self, Facts};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::{Kafka, kafka};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Orders of one request.
const BATCH: usize = 50;
/// Between two deaths of a replica.
const BETWEEN_DEATHS: Duration = Duration::from_secs(4);
/// How long everything may take to settle, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(10);
const LOOK: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_with_two_replicas_that_die() {
    everything_once(2, rows::times(2_000, 100_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_with_three_replicas_that_die() {
    everything_once(3, rows::times(2_000, 100_000)).await;
}

async fn everything_once(replicas: usize, orders: usize) {
    let lot = rows::seed();
    let (store, broker) = tokio::task::spawn_blocking(|| {
        (Store::postgres(), Kafka::start(kafka::Options::default()))
    })
    .await
    .unwrap();
    let brokers = broker.bootstrap();
    let world = Arc::new(World {
        url: store.url(),
        brokers: brokers.clone(),
        replicas: Mutex::new(Vec::new()),
        addresses: std::sync::Mutex::new(Vec::new()),
        deaths: AtomicUsize::new(0),
        enough: AtomicBool::new(false),
    });
    for _ in 0..replicas {
        world.start_one().await;
    }
    let killer = world.begin_killing();
    let (placed, sent) = place_and_tell(&world, orders, lot).await;
    world.settle(orders).await;
    world.enough.store(true, Ordering::SeqCst);
    killer.await.unwrap();
    world.settle(orders).await;

    let feed = read_feed(&store).await;
    let expected = feed.len();
    let seen = tokio::task::spawn_blocking(move || topics::events(&brokers, expected));
    let seen = seen.await.unwrap();
    let counted = check(&placed, &feed, &seen);
    rows::told(
        "ALL",
        &format!(
            "{replicas} replicas, {} deaths by kill -9 and SIGSTOP",
            world.deaths.load(Ordering::SeqCst)
        ),
        &[
            ("orders", orders as u64),
            ("fact messages", sent as u64),
            ("facts applied", counted.facts as u64),
            ("events", counted.events as u64),
            ("missed", 0),
            ("doubled", 0),
        ],
    );
}

/// Replicas, and whoever ends them.
struct World {
    url: String,
    brokers: String,
    replicas: Mutex<Vec<Service>>,
    addresses: std::sync::Mutex<Vec<SocketAddr>>,
    deaths: AtomicUsize,
    enough: AtomicBool,
}

impl World {
    async fn start_one(&self) {
        let (url, brokers) = (self.url.clone(), self.brokers.clone());
        let start = move || Service::start_on(&url, &[("KAFKA_BROKERS", &brokers)]);
        let service = tokio::task::spawn_blocking(start).await.unwrap();
        let mut replicas = self.replicas.lock().await;
        replicas.push(service);
        *self.addresses.lock().unwrap() = replicas.iter().map(|one| one.rest).collect();
    }

    /// Some replica's address; which one changes as they die.
    fn somewhere(&self, at: usize) -> SocketAddr {
        let addresses = self.addresses.lock().unwrap();
        addresses[at % addresses.len()]
    }

    /// Ends the oldest replica again and again, once by kill -9 and once by a SIGSTOP that lasts until
    /// another one has been started in its place.
    fn begin_killing(self: &Arc<World>) -> JoinHandle<()> {
        let world = Arc::clone(self);
        tokio::spawn(async move {
            for death in 0.. {
                let next = Instant::now() + BETWEEN_DEATHS;
                while Instant::now() < next {
                    if world.enough.load(Ordering::SeqCst) {
                        return;
                    }
                    tokio::time::sleep(LOOK).await;
                }
                let oldest = world.replicas.lock().await.remove(0);
                if death % 2 == 0 {
                    oldest.signal("KILL");
                    world.start_one().await;
                } else {
                    oldest.signal("STOP");
                    world.start_one().await;
                    // Past its lease, it goes on as if nothing had happened.
                    tokio::time::sleep(BETWEEN_DEATHS * 2).await;
                    oldest.signal("CONT");
                    tokio::time::sleep(BETWEEN_DEATHS / 2).await;
                    oldest.signal("KILL");
                }
                world.deaths.fetch_add(1, Ordering::SeqCst);
            }
        })
    }

    /// Waits until every order is confirmed, as each is when its two facts were applied.
    async fn settle(&self, orders: usize) {
        let started = Instant::now();
        let mut last = (0, Instant::now());
        loop {
            if let Some(confirmed) = self.confirmed().await {
                if usize::try_from(confirmed) == Ok(orders) {
                    return;
                }
                if confirmed != last.0 {
                    last = (confirmed, Instant::now());
                }
                assert!(
                    last.1.elapsed() < PATIENCE / 4 && started.elapsed() < PATIENCE,
                    "{confirmed} of {orders} orders are confirmed after {:?}",
                    started.elapsed()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn confirmed(&self) -> Option<i64> {
        const CONFIRMED: i32 = 2;
        let mut session = <sqlx::PgConnection as sqlx::Connection>::connect(&self.url)
            .await
            .ok()?;
        let count = sqlx::query_scalar("SELECT count(*) FROM orders WHERE statuses / 1000 = $1")
            .bind(CONFIRMED)
            .fetch_one(&mut session);
        count.await.ok()
    }
}

/// Places orders in batches, retried under their keys whatever dies, and sends both facts of each.
async fn place_and_tell(world: &Arc<World>, orders: usize, seed: u64) -> (Vec<String>, usize) {
    let facts = Arc::new(Facts::to(&world.brokers));
    let (mut placed, mut sent, mut lot) = (Vec::with_capacity(orders), 0, seed);
    for first in (0..orders).step_by(BATCH) {
        let items: Vec<Value> = (first..orders.min(first + BATCH))
            .map(|n| json!({ "idempotency_key": format!("k{n}"), "order": order(1) }))
            .collect();
        let ids = place(world, first, json!({ "orders": items })).await;
        for id in ids {
            for (topic, kind, data) in [
                (
                    "payments.events.v1",
                    "payment.authorized.v1",
                    json!({ "order_id": id, "payment_id": "p", "reference": "a", "amount": 500, "currency": "EUR" }),
                ),
                (
                    "inventory.events.v1",
                    "stock.reserved.v1",
                    json!({ "order_id": id, "reservation_id": "r" }),
                ),
            ] {
                lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let times = 1 + (lot >> 33) % 3;
                for _ in 0..times {
                    facts.send(topic, kind, &format!("{id}-{kind}"), &id, &data.to_string());
                }
                sent += usize::try_from(times).unwrap();
            }
            placed.push(id);
        }
    }
    tokio::task::spawn_blocking(move || facts.flush())
        .await
        .unwrap();
    (placed, sent)
}

async fn place(world: &World, first: usize, body: Value) -> Vec<String> {
    let started = Instant::now();
    for attempt in 0.. {
        assert!(started.elapsed() < PATIENCE, "orders cannot be placed");
        let mut client = Client::new(world.somewhere(first + attempt));
        let asked = client.try_post("/v1/orders:batchPlace", "", body.clone());
        // A replica that is stopped takes a request and never answers.
        let Ok(Ok(answer)) = tokio::time::timeout(BETWEEN_DEATHS, asked).await else {
            tokio::time::sleep(LOOK).await;
            continue;
        };
        let results = answer.body["results"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let ids: Vec<String> = results
            .iter()
            .filter_map(|result| result["order"]["order_id"].as_str().map(str::to_owned))
            .collect();
        if !ids.is_empty() && ids.len() == results.len() {
            return ids;
        }
        tokio::time::sleep(LOOK).await;
    }
    unreachable!("attempts have no end")
}

/// The feed as the store has it: order, version, in the order of positions.
async fn read_feed(store: &Store) -> Vec<(String, u64)> {
    let mut session = <sqlx::PgConnection as sqlx::Connection>::connect(&store.url())
        .await
        .unwrap();
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT order_id::text, version, position FROM order_events ORDER BY position",
    )
    .fetch_all(&mut session)
    .await
    .unwrap();
    for pair in rows.windows(2) {
        assert_eq!(pair[0].2 + 1, pair[1].2, "the feed is dense");
    }
    rows.into_iter()
        .map(|(order, version, _)| (order, u64::try_from(version).unwrap()))
        .collect()
}

struct Counted {
    events: usize,
    facts: usize,
}

fn check(
    placed: &[String],
    feed: &[(String, u64)],
    seen: &BTreeMap<i32, Vec<topics::Seen>>,
) -> Counted {
    let mut kinds: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    for events in seen.values() {
        let mut last = 0;
        for event in events {
            let position: u64 = event.position.parse().unwrap();
            assert!(position > last, "{event:?} comes after position {last}");
            last = position;
            let version = newest.entry(&event.order_id).or_default();
            *version += 1;
            assert_eq!(
                event.version, *version,
                "{event:?} is out of order or doubled"
            );
            *kinds
                .entry(&event.order_id)
                .or_default()
                .entry(&event.kind)
                .or_default() += 1;
        }
    }
    let stored: BTreeMap<&str, u64> = feed
        .iter()
        .map(|(id, version)| (id.as_str(), *version))
        .collect();
    assert_eq!(newest, stored, "what was seen is the feed");
    let events = seen.values().map(Vec::len).sum();
    assert_eq!(events, feed.len());
    assert_eq!(stored.len(), placed.len(), "one order for each key");
    for id in placed {
        let of_order = &kinds[id.as_str()];
        for kind in [
            "order.placed.v1",
            "order.payment_changed.v1",
            "order.fulfillment_changed.v1",
            "order.confirmed.v1",
        ] {
            assert_eq!(of_order.get(kind), Some(&1), "{id}: {of_order:?}");
        }
    }
    Counted {
        events,
        facts: placed.len() * 2,
    }
}
