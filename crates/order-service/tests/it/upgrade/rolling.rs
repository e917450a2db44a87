//! Three replicas under load are replaced one by one, forward to this version and back to the one before.

use super::callers::Load;
use super::everything;
use super::fleet::{Build, Fleet, until_serves};
use super::watchers::Watchers;
use crate::client::{Client, order};
use crate::inbound::queue::{COMMANDS, INVENTORY, PAYMENTS, Queue, SHIPMENTS};
use crate::inbound::shop::{event, life};
use crate::service::Service;
use crate::site::Site;
use http::Method;
use serde_json::{Value, json};
use sqlx::Connection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::rows;
use tokio::time::sleep;

/// As the manifest has it.
const REPLICAS: usize = 3;
const TOKEN: &str = "the-token-of-an-operator";
/// How long anything may take on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_forward_and_back_fails_no_request() {
    let (mut site, _redis) = everything().await;
    let folder = TempDir::new().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let token = token.to_str().unwrap().to_owned();
    site.environment.push(("ADMIN_TOKEN_FILE", token));
    let mut environment = site.environment.clone();
    environment.push(("DATABASE_URL", site.store.url()));
    let mut fleet = Fleet::new(environment);
    let mut first = Vec::new();
    for _ in 0..REPLICAS {
        first.push(fleet.start(Build::Previous).await);
    }
    let before = schema(&site).await;
    let watchers = Watchers::begin(&fleet.endpoints);
    let mut load = Load::begin(&fleet.endpoints);
    for replica in first {
        until_serves(&load.log, replica).await;
    }

    let (mut switches, mut newest) = (Vec::new(), before);
    for _ in 0..rows::times(1, 5) {
        switches.extend(fleet.roll(Build::Current, &load.log).await);
        newest = schema(&site).await;
        let written = Written::by_the_new_one(&site, &fleet, &load, switches.len()).await;
        switches.extend(fleet.roll(Build::Previous, &load.log).await);
        written.counts_for_the_old_one(&site, &fleet, &load).await;
    }
    load.end().await;

    rows::told(
        "UPGRADE",
        &format!(
            "{} replicas replaced under load, schema {before} to {newest}",
            switches.len()
        ),
        &[
            ("requests", load.log.requests() as u64),
            ("failed", load.log.failures().len() as u64),
        ],
    );
    tell(&load, &switches);
    fleet.assert_none_failed(&load.log);
    let mut client = fleet.services().next().unwrap().client();
    let (orders, events) = load.ledger.check(&mut client).await;
    watchers
        .check(events as u64, switches.len() / REPLICAS)
        .await;
    let seen = site.check().await;
    assert_eq!(seen.events, events as u64);
    let counted = seen.counted(&[("orders", orders as u64)]);
    rows::told("UPGRADE", "the feed and Kafka after all of it", &counted);
}

#[expect(clippy::print_stdout, reason = "the log of the run is to be read")]
fn tell(load: &Load, switches: &[super::fleet::Switch]) {
    println!("{}{}", load.log.summary(), load.log.around(switches));
}

/// The version of the database's schema.
pub(crate) async fn schema(site: &Site) -> i64 {
    number(site, "SELECT max(version) FROM order_service_schema").await
}

async fn number(site: &Site, sql: &'static str) -> i64 {
    let url = site.store.server().socket_url("postgres");
    let mut session = sqlx::PgConnection::connect(&url).await.unwrap();
    let number = sqlx::query_scalar(sql).fetch_one(&mut session).await;
    session.close().await.unwrap();
    number.unwrap()
}

/// Messages that are kept in the store.
async fn letters(site: &Site) -> i64 {
    number(site, "SELECT count(*) FROM dead_messages").await
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        sleep(LOOK).await;
    }
}

/// What this version writes and the one before knew nothing of, or knew otherwise.
struct Written {
    /// Keeps the names of this round apart.
    round: usize,
    held: String,
    hold_id: String,
    completed: String,
    letters: i64,
}

impl Written {
    async fn by_the_new_one(site: &Site, fleet: &Fleet, load: &Load, round: usize) -> Written {
        let queue = Queue::of(Arc::clone(&site.kafka));
        let service = fleet.services().next().unwrap();
        let mut client = service.client();
        let held = placed(&mut client, &format!("held-{round}"), order(1)).await;
        let ask = json!({ "kind": "FRAUD_CHECK", "reason": "look" });
        let path = format!("/v1/orders/{held}:hold");
        let answer = client.post(&path, "", ask).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let hold_id = answer.body["holds"][0]["hold_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let completed = placed(&mut client, &format!("completed-{round}"), order(2)).await;
        queue.send(&life(&completed)).await;
        let path = format!("/v1/orders/{completed}");
        until("the order is completed", async || {
            client.get(&path).await.body["state"] == "COMPLETED"
        })
        .await;
        load.ledger.look(&mut client, &held).await;
        load.ledger.look(&mut client, &completed).await;

        let known = letters(site).await;
        // Messages that nobody understands are kept in the store by this version alone.
        let nonsense = format!("k\tno {round} json\n").into_bytes();
        queue.write(SHIPMENTS, &["own=kept"], nonsense).await;
        let data = json!({ "order_id": held });
        let id = format!("melted-{round}");
        let stranger = event(INVENTORY, "k", "stock.melted.v1", &id, &data);
        queue.send(&[stranger, early(round)]).await;
        until("both letters are kept", async || {
            letters(site).await == known + 2
        })
        .await;
        redrive_in_vain(service, round).await;
        Written {
            round,
            held,
            hold_id,
            completed,
            letters: known + 2,
        }
    }

    /// The version before goes on with all of it.
    async fn counts_for_the_old_one(&self, site: &Site, fleet: &Fleet, load: &Load) {
        let service = fleet.services().next().unwrap();
        let mut client = service.client();
        let path = format!("/v1/orders/{}:release", self.held);
        let release = json!({ "hold_id": self.hold_id });
        let released = client.post(&path, "", release).await;
        assert_eq!(released.status, 200, "{}", released.body);
        assert_eq!(released.body["holds"], json!([]));
        let completed = client.get(&format!("/v1/orders/{}", self.completed)).await;
        assert_eq!(completed.body["state"], "COMPLETED");

        // The fact that waited, and that an operator redrove in vain, is applied to its order.
        let mut late = order(2);
        late["external_id"] = external_id(self.round).into();
        let late = placed(&mut client, &format!("late-{}", self.round), late).await;
        let path = format!("/v1/orders/{late}");
        until("the fact that waited is applied", async || {
            client.get(&path).await.body["payment"]["captured"] == 1_000
        })
        .await;

        // It puts what it does not understand into the topic, and leaves what the other version has kept.
        let queue = Queue::of(Arc::clone(&site.kafka));
        let known = queue.dead_letters().await.len();
        let cancel = event(
            COMMANDS,
            "k",
            "order.cancel.v9",
            &format!("c-{}", self.round),
            &json!({}),
        );
        queue.send(&[cancel]).await;
        until("a letter more is in the topic", async || {
            queue.dead_letters().await.len() > known
        })
        .await;
        assert_eq!(letters(site).await, self.letters);
        for id in [&self.held, &self.completed, &late] {
            load.ledger.look(&mut client, id).await;
        }
    }
}

fn external_id(round: usize) -> String {
    format!("shop-{round}")
}

/// A fact that comes before its order.
fn early(round: usize) -> crate::inbound::queue::Sent {
    let number = external_id(round);
    let money =
        json!({ "external_id": number, "payment_id": "pay", "amount": 1_000, "currency": "EUR" });
    event(
        PAYMENTS,
        &number,
        "payment.captured.v1",
        &format!("early-{round}"),
        &money,
    )
}

async fn placed(client: &mut Client, key: &str, order: Value) -> String {
    let answer = client.post("/v1/orders", key, order).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["order_id"].as_str().unwrap().to_owned()
}

/// An operator redrives the parked fact, whose order is not known yet: why not is kept beside it.
async fn redrive_in_vain(service: &Service, round: usize) {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    let mut client = Client::new(service.management);
    let mut id = None;
    until("the fact waits", async || {
        let listed = client
            .send(Method::GET, "/api/parked", &headers, Value::Null)
            .await;
        let listed = listed.unwrap().body;
        let parked = listed["parked"].as_array().unwrap();
        let of_round = parked
            .iter()
            .find(|entry| entry["fact"]["external_id"] == external_id(round));
        id = of_round.map(|entry| entry["id"].as_str().unwrap().to_owned());
        id.is_some()
    })
    .await;
    let path = format!("/api/parked/{}:redrive", id.unwrap());
    let answer = client
        .send(Method::POST, &path, &headers, Value::Null)
        .await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (409, &json!("still_wrong")),
        "{}",
        answer.body
    );
}
