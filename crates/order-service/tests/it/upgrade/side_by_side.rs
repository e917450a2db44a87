//! A replica of each build on one store: what one writes the other reads, changes, replays and publishes.

use super::everything;
use super::fleet::{Build, Endpoint};
use super::grpc_wire;
use crate::client::{Answer, Client, fact, order};
use crate::consumer::Message;
use crate::exactly_once::until_all_facts_are_known;
use crate::grpc;
use crate::inbound::queue::{Queue, Sent};
use crate::inbound::shop::{Dice, FACTS, Feed, handled, life};
use crate::service::Service;
use crate::site::{Site, TAKEN_OVER, until_logged};
use http::Method;
use order_proto::v1::{CancelOrderRequest, GetOrderRequest, Order};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::rows;

/// A replica and its callers.
struct Side {
    service: Service,
    rest: Client,
    grpc: grpc_wire::Client,
}

impl Side {
    async fn start(build: Build, environment: &[(&'static str, String)]) -> Side {
        let service = build.start(environment).await;
        let endpoint = Endpoint {
            number: 1,
            build,
            rest: service.rest,
            grpc: service.grpc,
        };
        Side {
            rest: service.client(),
            grpc: grpc_wire::open(endpoint).await.unwrap(),
            service,
        }
    }

    async fn read(&mut self, id: &str) -> Value {
        let answer = self.rest.get(&format!("/v1/orders/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    async fn read_by_grpc(&mut self, id: &str) -> Order {
        let order_id = id.to_owned();
        let answer = self.grpc.get_order(GetOrderRequest { order_id }).await;
        answer.unwrap().into_inner()
    }

    async fn change(&mut self, id: &str, verb: &str, key: &str, body: Value) -> Value {
        let path = format!("/v1/orders/{id}:{verb}");
        let answer = self.rest.post(&path, key, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_version_writes_the_other_reads_changes_and_replays() {
    let (site, _redis) = everything().await;
    let environment = environment(&site);
    let mut old = Side::start(Build::Previous, &environment).await;
    let mut new = Side::start(Build::Current, &environment).await;
    let rounds = rows::times(20, 200);
    for round in 0..rounds {
        lives_on_both(&mut old, &mut new, &format!("old-{round}")).await;
        lives_on_both(&mut new, &mut old, &format!("new-{round}")).await;
    }
    let events = feeds_agree(&mut old, &mut new).await;
    let messages = published_by_both(&site, &mut old, &mut new).await;
    rows::told(
        "UPGRADE",
        "a replica of each version side by side, orders by turns",
        &[
            ("orders changed by the other version", 2 * rounds as u64),
            ("events both tell alike", events as u64),
            ("messages as both tell them", messages as u64),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_count_once_whichever_version_handles_them() {
    let (site, _redis) = everything().await;
    let environment = environment(&site);
    let mut old = Side::start(Build::Previous, &environment).await;
    let mut new = Side::start(Build::Current, &environment).await;
    for side in [&old, &new] {
        until_logged(&side.service, "partitions came", 1).await;
    }
    let queue = Queue::of(Arc::clone(&site.kafka));
    let mut dice = Dice(rows::seed());
    let orders = rows::times(60, 2_000);
    let mut ids = Vec::new();
    let mut sent: Vec<Sent> = Vec::new();
    for number in 0..orders {
        let first = if number % 2 == 0 { &mut old } else { &mut new };
        let placed = first
            .rest
            .post("/v1/orders", &format!("f-{number}"), order(2))
            .await;
        assert_eq!(placed.status, 201, "{}", placed.body);
        let id = placed.body["order_id"].as_str().unwrap().to_owned();
        let facts = life(&id);
        // By the port of the version that did not place it, beside those by Kafka.
        let second = if number % 2 == 0 { &mut new } else { &mut old };
        tell(second, &facts[number % FACTS]).await;
        for one in facts {
            let times = 1 + dice.below(3);
            sent.extend(std::iter::repeat_n(one, times));
        }
        ids.push(id);
    }
    dice.shuffle(&mut sent);
    queue.send(&sent).await;
    until_all_facts_are_known(&site, orders * FACTS).await;
    for side in [&mut old, &mut new] {
        Feed::read(&mut side.rest).await.assert_all_completed(&ids);
    }
    let mut handled_by = [0; 2];
    for (count, side) in handled_by.iter_mut().zip([&old, &new]) {
        *count = handled(&side.service).await.values().sum();
    }
    assert!(handled_by.iter().all(|count| *count > 0), "{handled_by:?}");
    let seen = site.check().await;
    let counted = seen.counted(&[
        ("orders", orders as u64),
        ("messages of facts", sent.len() as u64),
        ("handled by N−1", handled_by[0]),
        ("by N", handled_by[1]),
    ]);
    rows::told(
        "UPGRADE",
        "facts one to three times each, handled by either version",
        &counted,
    );
}

fn environment(site: &Site) -> Vec<(&'static str, String)> {
    let store = [("DATABASE_URL", site.store.url())];
    [&site.environment[..], &store].concat()
}

/// An order that `one` places and `other` changes, by both protocols and both ways.
async fn lives_on_both(one: &mut Side, other: &mut Side, key: &str) {
    let placed = one.rest.post("/v1/orders", key, order(2)).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    let id = placed.body["order_id"].as_str().unwrap().to_owned();
    alike(one, other, &id).await;
    replays(other, key, &placed.body).await;
    let amended = other
        .change(
            &id,
            "amend",
            &format!("{key}-a"),
            json!({ "metadata": { "by": "other" } }),
        )
        .await;
    alike(one, other, &id).await;
    let ask = json!({ "kind": "FRAUD_CHECK", "reason": "look" });
    let held = one.change(&id, "hold", &format!("{key}-h"), ask).await;
    let hold_id = held["holds"][0]["hold_id"].clone();
    let release = json!({ "hold_id": hold_id });
    other
        .change(&id, "release", &format!("{key}-r"), release)
        .await;
    alike(one, other, &id).await;
    // The same key again, by the version that did not answer it first, after later changes.
    let again = one
        .change(
            &id,
            "amend",
            &format!("{key}-a"),
            json!({ "metadata": { "by": "other" } }),
        )
        .await;
    told_alike(&again, &amended);
    let cancel = CancelOrderRequest {
        order_id: id.clone(),
        reason: "changed my mind".to_owned(),
        request_id: format!("{key}-c"),
        ..CancelOrderRequest::default()
    };
    let cancelled = other.grpc.cancel_order(cancel.clone()).await.unwrap();
    let replayed = one.grpc.cancel_order(cancel).await.unwrap();
    assert_eq!(cancelled.into_inner(), replayed.into_inner());
    alike(one, other, &id).await;
    replays(other, key, &placed.body).await;
    let reused = other.rest.post("/v1/orders", key, order(3)).await;
    assert_eq!(reused.status, 422, "{}", reused.body);

    // By gRPC, and read from Redis' copy by whichever has one.
    let key = format!("{key}-grpc");
    let placed = one.grpc.place_order(grpc::place(&key, 2)).await.unwrap();
    let placed = placed.into_inner();
    let replayed = other.grpc.place_order(grpc::place(&key, 2)).await.unwrap();
    assert_eq!(
        replayed.metadata().get("idempotency-replayed").unwrap(),
        "true"
    );
    assert_eq!(replayed.into_inner(), placed);
    for side in [&mut *other, one] {
        let path = format!("/v1/orders/{}", placed.order_id);
        let headers = [("cache-control", "max-age=60")];
        let aged = side
            .rest
            .send(Method::GET, &path, &headers, Value::Null)
            .await;
        let Answer { status, body, .. } = aged.unwrap();
        assert_eq!(
            (status.as_u16(), &body["version"]),
            (200, &json!(1)),
            "{body}"
        );
    }
    alike(one, other, &placed.order_id).await;
}

/// Both tell the same order, by both protocols.
async fn alike(one: &mut Side, other: &mut Side, id: &str) {
    told_alike(&one.read(id).await, &other.read(id).await);
    assert_eq!(one.read_by_grpc(id).await, other.read_by_grpc(id).await);
}

/// The key's first answer, and the word that it is one.
async fn replays(side: &mut Side, key: &str, first: &Value) {
    let replay = side.rest.post("/v1/orders", key, order(2)).await;
    assert_eq!(replay.headers["idempotency-replayed"], "true");
    told_alike(&replay.body, first);
}

/// What both versions tell is the same; one of them may tell more.
fn told_alike(one: &Value, other: &Value) {
    assert!(is_alike(one, other), "{one}\n{other}");
}

fn is_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let covers = one.keys().all(|name| other.contains_key(name))
                || other.keys().all(|name| one.contains_key(name));
            let both = one
                .iter()
                .filter_map(|(name, value)| Some((value, other.get(name)?)));
            covers && both.into_iter().all(|(one, other)| is_alike(one, other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_alike(one, other))
        }
        (one, other) => one == other,
    }
}

/// Every event of the feed by pull, from both. Answers how many.
async fn feeds_agree(old: &mut Side, new: &mut Side) -> usize {
    let (by_old, by_new) = (old.rest.changes().await, new.rest.changes().await);
    assert_eq!(by_old.len(), by_new.len());
    for (one, other) in by_old.iter().zip(&by_new) {
        told_alike(one, other);
    }
    by_old.len()
}

/// Each version publishes for a while; what is in Kafka is what both tell by pull. Answers how many messages.
async fn published_by_both(site: &Site, old: &mut Side, new: &mut Side) -> usize {
    let environment = environment(site);
    site.drained().await;
    let first = publisher(old, new);
    let (publishes, waits) = match first {
        Build::Previous => (&mut *old, &*new),
        Build::Current => (&mut *new, &*old),
    };
    // Whoever publishes stops, and the other one goes on.
    publishes.service.signal("TERM");
    until_logged(&waits.service, TAKEN_OVER, 1).await;
    let stopped = std::mem::replace(publishes, Side::start(first, &environment).await);
    let ended = tokio::task::spawn_blocking(|| stopped.service.wait()).await;
    let (status, log) = ended.unwrap();
    assert!(status.success(), "{log}");
    for number in 0..20 {
        lives_on_both(old, new, &format!("later-old-{number}")).await;
        lives_on_both(new, old, &format!("later-new-{number}")).await;
    }
    let (_, messages) = site.check_and_read().await;
    for side in [old, new] {
        let events = side.rest.changes().await;
        let by_id: BTreeMap<&str, &Value> = events
            .iter()
            .map(|event| (event["id"].as_str().unwrap(), event))
            .collect();
        for message in &messages {
            as_told(message, by_id[message.header("ce_id").as_str()]);
        }
    }
    messages.len()
}

fn publisher(old: &Side, new: &Side) -> Build {
    let publishes = |side: &Side| side.service.log().contains(TAKEN_OVER);
    assert!(publishes(old) != publishes(new), "one of them publishes");
    if publishes(old) {
        Build::Previous
    } else {
        Build::Current
    }
}

fn as_told(message: &Message, event: &Value) {
    let data: Value = serde_json::from_str(&message.value).unwrap();
    told_alike(&data, &event["data"]);
    assert_eq!(message.header("ce_type"), event["type"].as_str().unwrap());
    assert_eq!(message.key, event["subject"].as_str().unwrap());
}

/// Sends a fact to a replica's own port, under the id that it has in Kafka as well.
async fn tell(side: &mut Side, sent: &Sent) {
    let event: Value = serde_json::from_str(&sent.value).unwrap();
    let (kind, id) = (
        event["type"].as_str().unwrap(),
        event["id"].as_str().unwrap(),
    );
    let mut body = fact(kind, id, &event["data"]);
    body["source"] = event["source"].clone();
    let headers = [("content-type", "application/cloudevents+json")];
    let answer = side
        .rest
        .send(Method::POST, "/v1/facts", &headers, body)
        .await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}
