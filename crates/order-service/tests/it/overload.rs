//! Row A8: three times what the store can take, from callers that try again. What is done stays what
//! can be done, who is let in is answered soon, and who is not is told at once when to come back.

use crate::grpc::{self, Client};
use crate::service::Service;
use crate::store::Store;
use order_proto::v1::order_service_client::OrderServiceClient;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::rows::{times, told};
use testkit::servers::Proxy;
use testkit::servers::proxy::Fault;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tonic::Code;

/// Each way to and from PostgreSQL: it, and not this machine's CPU, is what limits.
const LATENCY: Duration = Duration::from_millis(60);
/// Changes that may wait.
const QUEUE: &str = "8";
/// Callers at a time when the capacity is measured: they keep the queue filled, and no more.
const PATIENT_CALLERS: usize = 16;
/// How often a refused caller tries again, and how long it waits for that, doubled each time.
const RETRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The first orders of a load are not answered before they went through the queue: not counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// Connections of all callers together.
const CONNECTIONS: usize = 4;

#[derive(Default)]
struct Tally {
    placed: AtomicU64,
    refused: AtomicU64,
    given_up: AtomicU64,
    /// How long the calls took that were let in, and those that were not.
    admitted: Mutex<Vec<Duration>>,
    refusals: Mutex<Vec<Duration>>,
}

impl Tally {
    /// Places one order; `false` where it was refused.
    async fn place(&self, client: &mut Client, key: &str) -> bool {
        let started = Instant::now();
        let answered = client.place_order(grpc::place(key, 1)).await;
        let took = started.elapsed();
        match answered {
            Ok(_) => {
                self.placed.fetch_add(1, Ordering::Relaxed);
                self.admitted.lock().unwrap().push(took);
                true
            }
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                let told = String::from_utf8_lossy(status.details()).into_owned();
                assert!(
                    told.contains("google.rpc.RetryInfo"),
                    "when to come back is told"
                );
                self.refused.fetch_add(1, Ordering::Relaxed);
                self.refusals.lock().unwrap().push(took);
                false
            }
        }
    }

    /// As a caller that tries again.
    async fn place_with_retries(&self, mut client: Client, key: String) {
        let mut pause = FIRST_PAUSE;
        for _ in 0..=RETRIES {
            if self.place(&mut client, &key).await {
                return;
            }
            sleep(pause).await;
            pause *= 2;
        }
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    fn placed(&self) -> u64 {
        self.placed.load(Ordering::Relaxed)
    }
}

fn p99(times: &Mutex<Vec<Duration>>) -> Duration {
    let mut times = times.lock().unwrap();
    times.sort();
    times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
}

/// Orders a second that are placed while the load stands: `WARM_UP` from now, for `how_long`.
async fn rate(tally: &Tally, how_long: Duration) -> u64 {
    sleep(WARM_UP).await;
    let (before, started) = (tally.placed(), Instant::now());
    sleep(how_long).await;
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap();
    (tally.placed() - before) * 1_000 / millis
}

/// Orders a second that callers get who wait for their answer before they ask again.
async fn capacity(clients: &[Client], how_long: Duration) -> (u64, Duration) {
    let tally = Arc::new(Tally::default());
    let until = Instant::now() + WARM_UP + how_long;
    let mut callers = JoinSet::new();
    for caller in 0..PATIENT_CALLERS {
        let (tally, mut client) = (Arc::clone(&tally), clients[caller % CONNECTIONS].clone());
        callers.spawn(async move {
            for n in 0.. {
                if Instant::now() >= until {
                    return;
                }
                if !tally
                    .place(&mut client, &format!("capacity-{caller}-{n}"))
                    .await
                {
                    sleep(FIRST_PAUSE).await;
                }
            }
        });
    }
    let capacity = rate(&tally, how_long).await;
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    (capacity, p99(&tally.admitted))
}

/// Offers so many orders a second, whatever becomes of them, and counts those that are placed.
async fn offer(clients: &[Client], a_second: u64, how_long: Duration) -> (Arc<Tally>, u64) {
    let tally = Arc::new(Tally::default());
    let goodput = {
        let tally = Arc::clone(&tally);
        tokio::spawn(async move { rate(&tally, how_long).await })
    };
    let mut ticks = interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut callers, mut offered) = (JoinSet::new(), 0);
    let started = Instant::now();
    while !goodput.is_finished() {
        ticks.tick().await;
        let due = a_second * u64::try_from(started.elapsed().as_millis()).unwrap() / 1_000;
        while offered < due {
            let client = clients[usize::try_from(offered).unwrap() % CONNECTIONS].clone();
            let (tally, key) = (Arc::clone(&tally), format!("offered-{offered}"));
            callers.spawn(async move { tally.place_with_retries(client, key).await });
            offered += 1;
        }
        while callers.try_join_next().is_some() {}
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    (tally, goodput.await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a8_three_times_the_capacity_with_retries_takes_nothing_from_what_is_done() {
    let store = Store::postgres();
    let Store::Postgres(server) = &store else {
        panic!("not PostgreSQL")
    };
    let proxy = Proxy::start(([127, 0, 0, 1], server.port()).into());
    let url = format!("postgres://postgres@{}/postgres", proxy.address());
    let service = Service::start_on(&url, &[("STORE_MAX_QUEUED_CHANGES", QUEUE)]);
    let mut clients: Vec<OrderServiceClient<_>> = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(grpc::client(service.grpc).await.unwrap());
    }
    proxy.set(Fault::Latency(LATENCY));
    let how_long = Duration::from_secs(u64::try_from(times(6, 30)).unwrap());
    let (capacity, calm_p99) = capacity(&clients, how_long).await;
    let (tally, goodput) = offer(&clients, capacity * 3, how_long).await;
    let (admitted_p99, refusal_p99) = (p99(&tally.admitted), p99(&tally.refusals));
    let refused = tally.refused.load(Ordering::Relaxed);
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap();
    told(
        "A8",
        "three times the store's capacity, three retries each",
        &[
            ("capacity a second", capacity),
            ("goodput a second", goodput),
            ("refusals", refused),
            ("given up", tally.given_up.load(Ordering::Relaxed)),
            ("p99 at capacity in ms", millis(calm_p99)),
            ("p99 of admitted in ms", millis(admitted_p99)),
            ("p99 of refusals in ms", millis(refusal_p99)),
        ],
    );
    assert!(
        refused > tally.placed(),
        "{refused} refusals: nothing was too much"
    );
    assert!(
        goodput * 10 >= capacity * 8,
        "{goodput} orders a second of {capacity} that can be done"
    );
    // What waits before an order that is let in is bounded by the queue: a few commits.
    let bound = calm_p99 * 4 + Duration::from_millis(200);
    assert!(
        admitted_p99 < bound,
        "{admitted_p99:?}; at capacity {calm_p99:?}"
    );
    // Nobody waits in order to be refused.
    assert!(refusal_p99 < bound, "{refusal_p99:?}");
    // It is over when the load is: the next caller is let in at once.
    let mut client = clients[0].clone();
    assert!(Tally::default().place(&mut client, "after").await);
}
