//! Callers on two replicas change and read orders while Redis is killed, slow, flushed and cut off:
//! nobody reads an order older than it was acknowledged to be, unless it allowed that age, and no
//! answer lies about its age.

use crate::client::{Client, order};
use crate::redis::{read, redis};
use crate::service::Service;
use crate::store::Store;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::rows::{seed, times, told};
use testkit::servers::proxy::Fault;
use testkit::servers::{Proxy, Redis};
use tokio::time::sleep;

const ORDERS: usize = 12;
const WRITERS: usize = 2;
const READERS: usize = 6;
/// Ages that readers allow, in seconds; 0: none.
const AGES: [u64; 6] = [0, 1, 2, 3, 5, 60];
/// How long each fault lasts: longer than a breaker takes to close again after it.
const FAULT: Duration = Duration::from_millis(700);

/// An order, and when each of its versions was acknowledged, in order.
struct Known {
    path: String,
    acknowledged: Mutex<Vec<(u64, Instant)>>,
}

impl Known {
    fn acknowledge(&self, version: u64) {
        let mut acknowledged = self.acknowledged.lock().unwrap();
        acknowledged.push((version, Instant::now()));
    }

    /// The newest version that was acknowledged by then.
    fn at(&self, then: Instant) -> u64 {
        let acknowledged = self.acknowledged.lock().unwrap();
        let by_then = acknowledged.iter().filter(|(_, at)| *at <= then);
        by_then.map(|(version, _)| *version).max().unwrap_or(0)
    }
}

#[derive(Default)]
struct Tally {
    writes: AtomicU64,
    reads: AtomicU64,
    aged: AtomicU64,
    /// Answers that lacked a version which had been acknowledged, as their callers allowed.
    older: AtomicU64,
    stop: AtomicBool,
}

impl Tally {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// Numbers by lot (xorshift64*), from a seed that replays.
#[derive(Clone)]
struct Lot(u64);

impl Lot {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % end
    }

    /// Another lot, for another task.
    fn next(&mut self) -> Lot {
        Lot((u64::try_from(self.below(1 << 30)).unwrap() << 20) | 1)
    }
}

async fn write(
    orders: Arc<Vec<Known>>,
    replicas: [SocketAddr; 2],
    tally: Arc<Tally>,
    mut lot: Lot,
) {
    let mut clients = replicas.map(Client::new);
    while tally.goes_on() {
        let known = &orders[lot.below(orders.len())];
        let client = &mut clients[lot.below(2)];
        // Holding and releasing goes on for ever, and each makes a version.
        let held = client
            .post(
                &format!("{}:hold", known.path),
                "",
                json!({"kind": "LOOK", "reason": "why not"}),
            )
            .await;
        assert_eq!(held.status, 200, "{}", held.body);
        known.acknowledge(held.body["version"].as_u64().unwrap());
        let newest = held.body["holds"].as_array().unwrap().last().unwrap();
        let release = json!({"hold_id": newest["hold_id"]});
        let released = client
            .post(&format!("{}:release", known.path), "", release)
            .await;
        // Another writer may have taken the same hold away.
        if released.status == 200 {
            known.acknowledge(released.body["version"].as_u64().unwrap());
        }
        tally.writes.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
    }
}

async fn check(
    orders: Arc<Vec<Known>>,
    replicas: [SocketAddr; 2],
    tally: Arc<Tally>,
    mut lot: Lot,
) {
    let mut clients = replicas.map(Client::new);
    while tally.goes_on() {
        let known = &orders[lot.below(orders.len())];
        let allowed = AGES[lot.below(AGES.len())];
        let client = &mut clients[lot.below(2)];
        let asked = Instant::now();
        let newest_then = known.at(asked);
        let answer = read(client, &known.path, &format!("max-age={allowed}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let version = answer.body["version"].as_u64().unwrap();
        let age = answer
            .headers
            .get("age")
            .map_or(0, |age| age.to_str().unwrap().parse().unwrap());
        assert!(age <= allowed, "{age} s old, and {allowed} s were allowed");
        let long_ago = asked.checked_sub(Duration::from_secs(age)).unwrap();
        let must_show = known.at(long_ago);
        assert!(
            version >= must_show,
            "version {version} of age {age} s ({allowed} s allowed), but {must_show} was acknowledged before that"
        );
        tally.reads.fetch_add(1, Ordering::Relaxed);
        tally.aged.fetch_add(u64::from(age > 0), Ordering::Relaxed);
        tally
            .older
            .fetch_add(u64::from(version < newest_then), Ordering::Relaxed);
    }
}

/// Does one thing to Redis or to the way of one replica to it, and undoes it.
async fn break_something(redis: &Redis, proxies: &[Proxy; 2], lot: &mut Lot) -> &'static str {
    let proxy = &proxies[lot.below(2)];
    match lot.below(6) {
        0 => {
            tokio::task::block_in_place(|| redis.kill9());
            sleep(FAULT).await;
            tokio::task::block_in_place(|| redis.start_again());
            "kill"
        }
        1 => {
            tokio::task::block_in_place(|| redis.flush());
            "flush"
        }
        2 => {
            redis.pause();
            sleep(FAULT).await;
            redis.resume();
            "pause"
        }
        3 => {
            proxy.set(Fault::Blackhole);
            sleep(FAULT).await;
            proxy.set(Fault::None);
            "cut off"
        }
        4 => {
            // Late, but within what a call may take.
            proxy.set(Fault::Latency(Duration::from_millis(15)));
            sleep(FAULT).await;
            proxy.set(Fault::None);
            "late"
        }
        _ => {
            proxy.set(Fault::CutAfter(200));
            "answer cut"
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_nobody_reads_older_than_allowed_whatever_happens_to_redis() {
    let (store, redis) = (Store::postgres(), redis().await);
    let proxies = [(); 2].map(|()| Proxy::start(redis.address()));
    let services = proxies.each_ref().map(|proxy| {
        let url = redis.url_at(proxy.address());
        Service::start_on(&store.url(), &[("REDIS_URL", &url)])
    });
    let replicas = services.each_ref().map(|service| service.rest);
    let mut client = services[0].client();
    let mut orders = Vec::new();
    for n in 0..ORDERS {
        let placed = client.post("/v1/orders", &format!("k{n}"), order(1)).await;
        let known = Known {
            path: format!("/v1/orders/{}", placed.body["order_id"].as_str().unwrap()),
            acknowledged: Mutex::default(),
        };
        known.acknowledge(1);
        orders.push(known);
    }
    let (orders, tally) = (Arc::new(orders), Arc::new(Tally::default()));
    let mut lot = Lot(seed() | 1);
    let mut tasks = Vec::new();
    for _ in 0..WRITERS {
        tasks.push(tokio::spawn(write(
            orders.clone(),
            replicas,
            tally.clone(),
            lot.next(),
        )));
    }
    for _ in 0..READERS {
        tasks.push(tokio::spawn(check(
            orders.clone(),
            replicas,
            tally.clone(),
            lot.next(),
        )));
    }
    // Once in peace, so that there are copies to be wrong.
    sleep(2 * FAULT).await;
    let (mut faults, rounds) = (Vec::new(), times(8, 100));
    for _ in 0..rounds {
        faults.push(break_something(&redis, &proxies, &mut lot).await);
        sleep(FAULT).await;
        if tasks.iter().any(tokio::task::JoinHandle::is_finished) {
            break;
        }
    }
    tally.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await
            .unwrap_or_else(|error| panic!("after {faults:?}: {error}"));
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (aged, older) = (count(&tally.aged), count(&tally.older));
    // A cache that never answered would have proved nothing; nor one in which nothing ever lagged.
    assert!(
        aged > 100 && older > 0,
        "{aged} aged answers, {older} of them older than the newest"
    );
    told(
        "D4",
        "Redis killed, flushed, paused, late, cut off and cut under two replicas",
        &[
            ("faults", u64::try_from(rounds).unwrap()),
            ("changes", count(&tally.writes)),
            ("reads", count(&tally.reads)),
            ("from copies", aged),
            ("older, as allowed", older),
            ("older than allowed", 0),
        ],
    );
}
