//! A shop on the service: places orders, makes the facts of their lives, and holds what the feed tells
//! against them.

use super::queue::{COMMANDS, INVENTORY, PAYMENTS, Queue, SHIPMENTS, Sent};
use crate::client::Client;
use crate::service::Service;
use crate::store::Store;
use serde_json::{Value, json};
use sqlx::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long the service may take for all that was sent to it.
const PATIENCE: Duration = Duration::from_mins(10);
/// Facts of one order's life.
pub(crate) const FACTS: usize = 5;
/// Orders that one request places.
const BATCH: usize = 500;

/// A sequence of numbers from a seed (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let other = self.below(end + 1);
            list.swap(end, other);
        }
    }
}

pub(crate) fn start(queue: &Queue, database_url: &str, further: &[(&str, &str)]) -> Service {
    let own = queue.environment();
    let mut environment: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    environment.extend(further);
    Service::start_on(database_url, &environment)
}

/// Places so many orders of 2 × 5.00 EUR by REST; their ids.
pub(crate) async fn place(client: &mut Client, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let batch = BATCH.min(count - ids.len());
        let one = |n| json!({ "idempotency_key": format!("placed-{}", ids.len() + n), "order": crate::client::order(2) });
        let body = json!({ "orders": (0..batch).map(one).collect::<Vec<_>>() });
        let answer = client.post("/v1/orders:batchPlace", "", body).await;
        let results = answer.body["results"].as_array().unwrap().clone();
        let id = |result: &Value| result["order"]["order_id"].as_str().unwrap().to_owned();
        ids.extend(results.iter().map(id));
    }
    ids
}

/// A structured event on one line.
pub(crate) fn event(topic: &'static str, key: &str, kind: &str, id: &str, data: &Value) -> Sent {
    let value = json!({
        "specversion": "1.0", "type": kind, "source": "/shop", "id": id, "data": data,
    });
    Sent {
        topic,
        key: key.to_owned(),
        value: value.to_string(),
    }
}

/// The facts that complete an order of 10.00 EUR, in the order of a life that went well.
pub(crate) fn life(order: &str) -> [Sent; FACTS] {
    let money =
        json!({ "order_id": order, "payment_id": "pay", "amount": 1_000, "currency": "EUR" });
    let parcel = json!({ "order_id": order, "shipment_id": "box" });
    let mut full = parcel.clone();
    full["lines"] = json!([{ "line_no": 1, "quantity": 2 }]);
    let stock = json!({ "order_id": order, "reservation_id": "res" });
    let of = |topic, kind: &str, data: &Value| {
        event(topic, order, kind, &format!("{order}:{kind}"), data)
    };
    [
        of(INVENTORY, "stock.reserved.v1", &stock),
        of(PAYMENTS, "payment.authorized.v1", &money),
        of(PAYMENTS, "payment.captured.v1", &money),
        of(SHIPMENTS, "shipment.shipped.v1", &full),
        of(SHIPMENTS, "shipment.delivered.v1", &parcel),
    ]
}

/// A command that places an order under the caller's own number.
pub(crate) fn placing(external_id: &str, quantity: i64) -> Sent {
    let mut order = crate::client::order(quantity);
    order["external_id"] = external_id.into();
    event(
        COMMANDS,
        external_id,
        "order.place.v1",
        &format!("place-{external_id}"),
        &order,
    )
}

/// The same message under another id: known by its business key alone.
pub(crate) fn renamed(message: &Sent, suffix: &str) -> Sent {
    let mut value: Value = serde_json::from_str(&message.value).unwrap();
    value["id"] = format!("{}{suffix}", value["id"].as_str().unwrap()).into();
    Sent {
        value: value.to_string(),
        ..message.clone()
    }
}

/// What the metrics say of the outcomes, all topics together: `applied`, `dead`, …
pub(crate) async fn handled(service: &Service) -> BTreeMap<String, u64> {
    let metrics = Client::new(service.management).get("/metrics").await.body;
    let mut counts = BTreeMap::new();
    for line in metrics.as_str().unwrap().lines() {
        let Some(rest) = line.strip_prefix("kafka_handled_total{") else {
            continue;
        };
        let outcome = rest
            .split("outcome=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        *counts.entry(outcome.to_owned()).or_default() += count;
    }
    counts
}

/// A metric without labels, or the sum over them.
pub(crate) async fn metric(service: &Service, name: &str) -> u64 {
    let metrics = Client::new(service.management).get("/metrics").await.body;
    let lines = metrics.as_str().unwrap().lines();
    let of_name = lines.filter(|line| line.split(['{', ' ']).next() == Some(name));
    of_name
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

/// How many ids of facts the store knows.
pub(crate) async fn known_facts(store: &Store) -> usize {
    let url = store.server().socket_url("postgres");
    let mut session = sqlx::PgConnection::connect(&url).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM facts")
        .fetch_one(&mut session)
        .await
        .unwrap();
    session.close().await.unwrap();
    usize::try_from(count).unwrap()
}

/// Ids of facts in these messages.
pub(crate) fn ids(messages: &[Sent]) -> usize {
    let id = |message: &Sent| {
        let value: Value = serde_json::from_str(&message.value).unwrap();
        value["id"].as_str().unwrap().to_owned()
    };
    messages.iter().map(id).collect::<BTreeSet<_>>().len()
}

/// Waits until so many messages are handled, whatever became of them.
pub(crate) async fn until_handled(service: &Service, messages: usize) {
    let wanted = u64::try_from(messages).unwrap();
    until(
        service,
        &format!("{messages} messages are handled"),
        async || handled(service).await.values().sum::<u64>() >= wanted,
    )
    .await;
}

/// Waits for a condition.
pub(crate) async fn until(service: &Service, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(
            start.elapsed() < PATIENCE,
            "in vain: {what}\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The feed, held against the rules: dense positions, versions without a gap.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    pub(crate) events: usize,
    /// How often each fact of each order changed something, by the order and the fact's kind.
    pub(crate) effects: BTreeMap<(String, String), usize>,
    /// The newest state of each order.
    pub(crate) states: BTreeMap<String, String>,
    /// Newest version of each order.
    pub(crate) versions: BTreeMap<String, u64>,
}

impl Feed {
    pub(crate) async fn read(client: &mut Client) -> Feed {
        let mut feed = Feed::default();
        for event in client.changes().await {
            feed.add(&event);
        }
        feed
    }

    fn add(&mut self, event: &Value) {
        self.events += 1;
        assert_eq!(
            event["position"],
            self.events.to_string(),
            "the feed is dense"
        );
        let order = event["subject"].as_str().unwrap().to_owned();
        let version = self.versions.entry(order.clone()).or_default();
        *version += 1;
        assert_eq!(event["orderversion"], *version, "versions have no gap");
        let kind = event["type"].as_str().unwrap();
        if kind.ends_with("_changed.v1") {
            let cause = event["data"]["cause"]["id"].as_str().unwrap();
            let fact = cause
                .split(':')
                .nth(1)
                .unwrap_or(cause)
                .trim_end_matches("-again");
            *self
                .effects
                .entry((order.clone(), fact.to_owned()))
                .or_default() += 1;
        }
        let state = event["data"]["order"]["state"].as_str().unwrap().to_owned();
        self.states.insert(order, state);
    }

    /// Every order lived its whole life, each fact of it once.
    pub(crate) fn assert_all_completed(&self, orders: &[String]) {
        for order in orders {
            assert_eq!(self.states[order], "COMPLETED", "{order}");
        }
        let doubled: Vec<_> = self
            .effects
            .iter()
            .filter(|(_, count)| **count != 1)
            .collect();
        assert!(doubled.is_empty(), "more than one effect: {doubled:?}");
        assert_eq!(
            self.effects.len(),
            orders.len() * FACTS,
            "facts with an effect"
        );
    }
}
