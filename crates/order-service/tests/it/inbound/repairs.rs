//! An operator looks at what went wrong, cures it, redrives and drops it.

use super::queue::{COMMANDS, INVENTORY, PAYMENTS, Queue, SHIPMENTS, Sent};
use super::shop::{event, handled, life, metric, place, start, until, until_handled};
use crate::client::{Client, order};
use crate::service::Service;
use crate::store::Store;
use http::Method;
use serde_json::{Value, json};
use sqlx::Connection;
use std::path::PathBuf;
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-an-operator";

/// An administrator, by the token.
struct Operator {
    _folder: TempDir,
    token_file: PathBuf,
}

impl Operator {
    fn new() -> Operator {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, TOKEN).unwrap();
        Operator {
            _folder: folder,
            token_file,
        }
    }

    fn start(&self, queue: &Queue, store: &Store) -> Service {
        let file = self.token_file.to_str().unwrap();
        start(queue, &store.url(), &[("ADMIN_TOKEN_FILE", file)])
    }

    /// The status and the body.
    async fn ask(&self, service: &Service, method: Method, path: &str) -> (u16, Value) {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str())];
        let mut client = Client::new(service.management);
        let answer = client
            .send(method, path, &headers, Value::Null)
            .await
            .unwrap();
        (answer.status.as_u16(), answer.body)
    }

    async fn list(&self, service: &Service, path: &str, name: &str) -> Vec<Value> {
        let (status, body) = self.ask(service, Method::GET, path).await;
        assert_eq!(status, 200, "{body}");
        body[name].as_array().unwrap().clone()
    }

    async fn letters(&self, service: &Service) -> Vec<Value> {
        self.list(service, "/api/dead-letters", "dead_letters")
            .await
    }

    async fn parked(&self, service: &Service) -> Vec<Value> {
        self.list(service, "/api/parked", "parked").await
    }

    async fn act(&self, service: &Service, list: &str, entry: &Value, verb: &str) -> (u16, Value) {
        let id = entry["id"].as_str().unwrap();
        let path = format!("/api/{list}/{id}:{verb}");
        self.ask(service, Method::POST, &path).await
    }
}

fn cancel(order: &str) -> Sent {
    let ask = json!({ "order_id": order, "reason": "changed my mind" });
    event(COMMANDS, order, "order.cancel.v1", "cancel-1", &ask)
}

fn early(external_id: &str, id: &str) -> Sent {
    let money = json!({ "external_id": external_id, "payment_id": "pay", "amount": 1_000, "currency": "EUR" });
    event(PAYMENTS, external_id, "payment.captured.v1", id, &money)
}

async fn state(client: &mut Client, order: &str) -> String {
    let answer = client.get(&format!("/v1/orders/{order}")).await;
    answer.body["state"].as_str().unwrap().to_owned()
}

/// An order of which a parcel has left, and three messages that have no effect: a fact of an unknown type,
/// a command that the order refuses, and what is no JSON.
async fn three_go_wrong(queue: &Queue, service: &Service, operator: &Operator) -> String {
    let mut client = service.client();
    let shipped = place(&mut client, 1).await.remove(0);
    let [reserved, _, captured, parcel, _] = life(&shipped);
    queue.send(&[reserved, captured]).await;
    until_handled(service, 2).await;
    queue.send(&[parcel]).await;
    until_handled(service, 3).await;
    let stranger = event(
        INVENTORY,
        "k",
        "stock.melted.v1",
        "m-1",
        &json!({ "order_id": shipped }),
    );
    queue.send(&[stranger, cancel(&shipped)]).await;
    queue
        .write(SHIPMENTS, &["own=kept"], b"k\tno { json\n".to_vec())
        .await;
    until(service, "three letters are kept", async || {
        operator.letters(service).await.len() == 3
    })
    .await;
    assert_eq!(
        queue.dead_letters().await.len(),
        3,
        "the topic has them too"
    );
    shipped
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_went_wrong_are_listed_cured_redriven_and_dropped() {
    let (queue, store, operator) = (Queue::start().await, Store::postgres(), Operator::new());
    let service = operator.start(&queue, &store);
    let mut client = service.client();
    let shipped = three_go_wrong(&queue, &service, &operator).await;
    let letters = operator.letters(&service).await;
    let of = |topic: &str| {
        let found = letters
            .iter()
            .find(|letter| letter["message"]["topic"] == topic);
        found.expect("it is listed").clone()
    };
    let (broken, unknown, refused) = (of(SHIPMENTS), of(INVENTORY), of(COMMANDS));
    assert_eq!(broken["message"]["value"]["text"], "no { json");
    assert_eq!(
        broken["message"]["headers"],
        json!([{ "name": "own", "value": { "text": "kept" } }])
    );
    assert!(
        unknown["reason"]
            .as_str()
            .unwrap()
            .starts_with("type is not known"),
        "{unknown}"
    );
    assert!(
        refused["reason"].as_str().unwrap().contains("shipped"),
        "{refused}"
    );

    let (status, again) = operator
        .act(&service, "dead-letters", &broken, "redrive")
        .await;
    assert_eq!((status, &again["code"]), (409, &json!("still_wrong")));
    let (status, dropped) = operator
        .act(&service, "dead-letters", &broken, "drop")
        .await;
    assert_eq!((status, &dropped["outcome"]), (200, &json!("DROPPED")));
    let log = service.log();
    let line = log
        .lines()
        .find(|line| line.contains("has dropped"))
        .expect("it is logged");
    assert!(
        line.contains("ADMIN_TOKEN_FILE") && line.contains(SHIPMENTS),
        "{line}"
    );

    // What kept the command from having an effect is cured: the parcel is lost.
    let (status, still) = operator
        .act(&service, "dead-letters", &refused, "redrive")
        .await;
    assert_eq!(status, 409, "{still}");
    let lost = json!({ "order_id": shipped, "shipment_id": "box" });
    queue
        .send(&[event(
            SHIPMENTS,
            &shipped,
            "shipment.lost.v1",
            "lost-1",
            &lost,
        )])
        .await;
    until_handled(&service, 7).await;
    assert_eq!(state(&mut client, &shipped).await, "CONFIRMED");
    let (status, done) = operator
        .act(&service, "dead-letters", &refused, "redrive")
        .await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("APPLIED")),
        "{done}"
    );
    assert_eq!(done["order_id"], shipped.as_str());
    assert_eq!(state(&mut client, &shipped).await, "CANCELLING");
    let (status, _) = operator
        .act(&service, "dead-letters", &refused, "redrive")
        .await;
    assert_eq!(status, 404);

    let left = operator.letters(&service).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], unknown["id"]);
    assert_eq!(handled(&service).await["dead"], 3);
    assert_eq!(metric(&service, "orders_repairs_total").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_that_waited_too_long_are_redriven_and_parked_ones_dropped() {
    let (queue, store, operator) = (Queue::start().await, Store::postgres(), Operator::new());
    let service = operator.start(&queue, &store);
    queue
        .send(&[early("shop-1", "m-1"), early("shop-2", "m-2")])
        .await;
    until(&service, "both facts wait", async || {
        operator.parked(&service).await.len() == 2
    })
    .await;
    let parked = operator.parked(&service).await;
    let of = |list: &[Value], number: &str| {
        let found = list
            .iter()
            .find(|entry| entry["fact"]["external_id"] == number);
        found.expect("it is listed").clone()
    };
    let second = of(&parked, "shop-2");
    let (status, vain) = operator.act(&service, "parked", &second, "redrive").await;
    assert_eq!((status, &vain["code"]), (409, &json!("still_wrong")));
    let (status, _) = operator.act(&service, "parked", &second, "drop").await;
    assert_eq!(status, 200);

    // The first one waited for longer than 72 hours when the service starts again.
    service.signal("KILL");
    drop(service);
    let url = store.server().socket_url("postgres");
    let mut session = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE parked_facts SET parked_at = parked_at - 73 * 3600000")
        .execute(&mut session)
        .await
        .unwrap();
    session.close().await.unwrap();
    let service = operator.start(&queue, &store);
    until(&service, "the first fact is given up", async || {
        operator.letters(&service).await.len() == 1
    })
    .await;
    assert_eq!(operator.parked(&service).await, Vec::<Value>::new());
    let letter = of(&operator.letters(&service).await, "shop-1");
    assert_eq!(letter["kind"], "fact");
    assert_eq!(letter["fact"]["data"]["amount"], 1_000);

    let mut client = service.client();
    for number in ["shop-1", "shop-2"] {
        let mut new = order(2);
        new["external_id"] = number.into();
        let placed = client.post("/v1/orders", number, new).await;
        assert_eq!(
            placed.body["version"], 1,
            "neither fact is applied by itself"
        );
    }
    // Two operators at once.
    let (first, second) = tokio::join!(
        operator.act(&service, "dead-letters", &letter, "redrive"),
        operator.act(&service, "dead-letters", &letter, "redrive"),
    );
    let applied = [&first, &second]
        .into_iter()
        .filter(|(_, body)| body["outcome"] == "APPLIED")
        .count();
    assert_eq!(applied, 1, "{first:?} {second:?}");
    let placed = client.get("/v1/orders?external_id=shop-1").await.body;
    assert_eq!(placed["orders"][0]["payment"]["captured"], 1_000);
    assert_eq!(placed["orders"][0]["version"], 2);
    assert_eq!(operator.letters(&service).await, Vec::<Value>::new());
    let placed = client.get("/v1/orders?external_id=shop-2").await.body;
    assert_eq!(
        placed["orders"][0]["version"], 1,
        "what was dropped has no effect"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_kept_once_though_the_service_dies_between_the_topic_and_the_store() {
    let (queue, store, operator) = (Queue::start().await, Store::postgres(), Operator::new());
    let service = operator.start(&queue, &store);
    let joined = async || metric(&service, "kafka_rebalances_total").await > 0;
    until(&service, "the consumer has partitions", joined).await;
    store.server().stop();
    queue
        .write(PAYMENTS, &["own=kept"], b"k\tno json\n".to_vec())
        .await;
    let in_topic = async || queue.dead_letters().await.len() == 1;
    until(&service, "the topic has the message", in_topic).await;
    let waits = async || metric(&service, "kafka_paused").await > 0;
    until(&service, "the message waits for the store", waits).await;
    service.signal("KILL");
    drop(service);

    store.server().start_again();
    let service = operator.start(&queue, &store);
    let kept = async || !operator.letters(&service).await.is_empty();
    until(&service, "the store has it", kept).await;
    // What was not told to the broker came again: written twice there, kept once here.
    assert_eq!(queue.dead_letters().await.len(), 2);
    until_handled(&service, 1).await;
    assert_eq!(operator.letters(&service).await.len(), 1);
    service.signal("KILL");
    drop(service);
    // At the next start everything is counted at once.
    let service = operator.start(&queue, &store);
    until(&service, "the dead letter is counted", async || {
        metric(&service, "orders_dead_letters").await == 1
    })
    .await;
    assert_eq!(operator.letters(&service).await.len(), 1);
}
