//! The whole way on real servers: replicas die while orders are placed and facts come one to three
//! times each by Kafka; afterwards every event was seen once and in order, and each fact counted once.

use crate::client::{Client, order};
use crate::consumer::Message;
use crate::inbound::queue::{Queue, Sent};
use crate::inbound::shop::{Dice, known_facts, life};
use crate::service::Service;
use crate::site::{Site, TAKEN_OVER};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::rows;
use testkit::servers::kafka::Options;
use tokio::sync::watch;

/// Orders of one request, and whose facts are sent at once.
const BATCH: usize = 100;
/// Facts of each order: stock and payment, which confirm it.
const FACTS: usize = 2;
/// How long a replica may take to answer; one that is stopped never does.
const ANSWER: Duration = Duration::from_secs(4);
/// How long everything may take to settle, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(10);
const LOOK: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_with_two_replicas_that_die() {
    everything_once(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_with_three_replicas_that_die() {
    everything_once(3).await;
}

async fn everything_once(replicas: usize) {
    let (orders, deaths) = (rows::times(2_000, 100_000), rows::times(3, 20));
    let site = Site::new(Options::default(), "2s").await;
    let queue = Queue::of(Arc::clone(&site.kafka));
    let started: Vec<Service> = (0..replicas).map(|_| site.start()).collect();
    let addresses = Mutex::new(addresses(&started));
    let (placed, progress) = watch::channel(0);
    let work = place_and_tell(&addresses, &queue, orders, &placed);
    let dying = die_in_turn(&site, started, &addresses, progress, orders, deaths);
    let ((ids, sent), last) = tokio::join!(work, dying);
    until_all_facts_are_known(&site, orders * FACTS).await;

    let (seen, messages) = site.check_and_read().await;
    let effects = effects(&messages);
    let of_facts = |kind: &str| kind.ends_with("_changed.v1");
    let counted = effects.iter().filter(|((_, kind), _)| of_facts(kind));
    let applied: u64 = counted.clone().map(|(_, times)| *times).sum();
    let again: u64 = counted.map(|(_, times)| times - 1).sum();
    assert_eq!(
        (applied, again),
        ((orders * FACTS) as u64, 0),
        "effects of facts"
    );
    for id in &ids {
        for kind in ["order.placed.v1", "order.confirmed.v1"] {
            assert_eq!(effects.get(&(id, kind)), Some(&1), "{kind} of {id}");
        }
    }
    let counted = seen.counted(&[
        ("orders", ids.len() as u64),
        ("messages of facts", sent as u64),
        ("facts with an effect", applied),
        ("second effects", again),
    ]);
    let injected = format!("{replicas} replicas, {deaths} deaths by kill -9 or past a SIGSTOP");
    rows::told("ALL", &injected, &counted);
    drop(last);
}

/// How often each order had each kind of event.
fn effects(messages: &[Message]) -> BTreeMap<(&str, &str), u64> {
    let mut effects = BTreeMap::new();
    for message in messages {
        let kind = message.headers["ce_type"].as_str();
        *effects.entry((message.key.as_str(), kind)).or_default() += 1;
    }
    effects
}

fn addresses(replicas: &[Service]) -> Vec<SocketAddr> {
    replicas.iter().map(|replica| replica.rest).collect()
}

/// Ends the replica that publishes, again and again as the work goes on: once by kill -9, and once by a
/// SIGSTOP that lasts until another one has taken over, after which it wakes as if nothing had happened.
async fn die_in_turn(
    site: &Site,
    mut replicas: Vec<Service>,
    addresses_now: &Mutex<Vec<SocketAddr>>,
    mut progress: watch::Receiver<usize>,
    orders: usize,
    deaths: usize,
) -> Vec<Service> {
    for death in 0..deaths {
        let due = orders * (death + 1) / (deaths + 1);
        progress.wait_for(|placed| *placed >= due).await.unwrap();
        let victim = replicas.remove(publisher(&replicas).await);
        victim.signal(if death % 2 == 0 { "KILL" } else { "STOP" });
        replicas.push(site.start());
        *addresses_now.lock().unwrap() = addresses(&replicas);
        publisher(&replicas).await;
        if death % 2 == 1 {
            victim.signal("CONT");
            // It is awake when it answers, and goes on where it was.
            assert_eq!(victim.client().get("/livez").await.status, 200);
        }
    }
    replicas
}

/// Which replica publishes, once one does.
async fn publisher(replicas: &[Service]) -> usize {
    let started = Instant::now();
    loop {
        if let Some(found) = replicas
            .iter()
            .position(|one| one.log().contains(TAKEN_OVER))
        {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "nobody publishes");
        tokio::time::sleep(LOOK).await;
    }
}

/// Places orders in batches, retried under their keys whoever dies, and sends the facts of each, one to
/// three times and shuffled.
async fn place_and_tell(
    addresses: &Mutex<Vec<SocketAddr>>,
    queue: &Queue,
    orders: usize,
    placed: &watch::Sender<usize>,
) -> (Vec<String>, usize) {
    let mut dice = Dice(rows::seed());
    let (mut all, mut sent) = (Vec::with_capacity(orders), 0);
    for first in (0..orders).step_by(BATCH) {
        let ids = place(addresses, first, BATCH.min(orders - first)).await;
        let mut facts: Vec<Sent> = Vec::new();
        for fact in ids.iter().flat_map(|id| life(id).into_iter().take(FACTS)) {
            let times = 1 + dice.below(3);
            facts.extend(std::iter::repeat_n(fact, times));
        }
        dice.shuffle(&mut facts);
        queue.send(&facts).await;
        (sent, all) = (sent + facts.len(), [all, ids].concat());
        placed.send_replace(all.len());
    }
    (all, sent)
}

async fn place(addresses: &Mutex<Vec<SocketAddr>>, first: usize, count: usize) -> Vec<String> {
    let one = |n: usize| json!({ "idempotency_key": format!("k{n}"), "order": order(2) });
    let orders: Vec<Value> = (first..first + count).map(one).collect();
    let body = json!({ "orders": orders });
    let started = Instant::now();
    for attempt in first / BATCH.. {
        assert!(started.elapsed() < PATIENCE, "orders cannot be placed");
        let address = {
            let known = addresses.lock().unwrap();
            known[attempt % known.len()]
        };
        let mut client = Client::new(address);
        let asked = client.try_post("/v1/orders:batchPlace", "", body.clone());
        let Ok(Ok(answer)) = tokio::time::timeout(ANSWER, asked).await else {
            continue;
        };
        let results = answer.body["results"].as_array();
        let id = |result: &Value| result["order"]["order_id"].as_str().map(str::to_owned);
        // Where one was refused, all are asked for again: each key has one order.
        let ids = results.and_then(|results| results.iter().map(id).collect::<Option<Vec<_>>>());
        if let Some(ids) = ids.filter(|ids| ids.len() == count) {
            return ids;
        }
    }
    unreachable!("attempts have no end")
}

/// Waits until the store knows every fact, by whichever replica.
pub(crate) async fn until_all_facts_are_known(site: &Site, facts: usize) {
    let started = Instant::now();
    loop {
        let known = known_facts(&site.store).await;
        if known == facts {
            return;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{known} of {facts} facts are known"
        );
        tokio::time::sleep(LOOK).await;
    }
}
