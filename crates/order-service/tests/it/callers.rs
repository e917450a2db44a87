//! Callers who go away, who ask all at once, and who use one key for two things.

use crate::client::{Client, order};
use crate::grpc;
use crate::service::Service;
use crate::store::{Store, server};
use http::StatusCode;
use serde_json::Value;
use sqlx::Connection;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use testkit::rows;
use tokio::task::JoinSet;
use tonic::Code;

/// Requests at the same time under one key, half of them by each protocol.
const CONCURRENT: usize = 100;
/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_once_is_one_order_on_sqlite() {
    one_key_at_once(&Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_once_is_one_order_on_postgresql() {
    one_key_at_once(&Store::postgres()).await;
}

async fn one_key_at_once(store: &Store) {
    let service = Service::start_on(&store.url(), &[]);
    let (rest, grpc) = (service.rest, service.grpc);
    let calls: Vec<_> = (0..CONCURRENT)
        .map(|number| {
            tokio::spawn(async move {
                if number % 2 == 0 {
                    let answer = Client::new(rest).post("/v1/orders", "one", order(1)).await;
                    assert_eq!(answer.status, 201, "{}", answer.body);
                    answer.body["order_id"].as_str().unwrap().to_owned()
                } else {
                    let mut client = grpc::client(grpc).await.unwrap();
                    let answer = client.place_order(grpc::place("one", 1)).await.unwrap();
                    answer.into_inner().order_id
                }
            })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for call in calls {
        ids.insert(call.await.unwrap());
    }
    assert_eq!(ids.len(), 1, "{ids:?}");
    let mut client = service.client();
    let events = events(&mut client).await.len();
    assert_eq!(events, 1);
    rows::told(
        "A2",
        "one key and one body at once, by REST and gRPC",
        &[
            ("requests", CONCURRENT as u64),
            ("different answers", ids.len() as u64),
            ("events", events as u64),
        ],
    );
}

/// The same key for something else is refused, by whatever door it comes; and of those who come at once,
/// each with another body, one alone is right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_a_key_with_another_body_changes_nothing() {
    let store = Store::postgres();
    let service = Service::start_on(&store.url(), &[]);
    let (rest, grpc) = (service.rest, service.grpc);
    let mut calls = JoinSet::new();
    for number in 0..CONCURRENT {
        let quantity = u32::try_from(number).unwrap() + 1;
        calls.spawn(async move {
            if number % 2 == 0 {
                let body = order(quantity.into());
                let answer = Client::new(rest).post("/v1/orders", "one", body).await;
                let code = answer.body["code"].as_str();
                let right = answer.status == StatusCode::CREATED;
                assert!(
                    right || code == Some("idempotency_key_reused"),
                    "{answer:?}"
                );
                assert_eq!(!right, answer.status == StatusCode::UNPROCESSABLE_ENTITY);
                right
            } else {
                let mut client = grpc::client(grpc).await.unwrap();
                let answer = client
                    .place_order(grpc::place("one", quantity.into()))
                    .await;
                match answer {
                    Ok(_) => true,
                    Err(status) => {
                        assert_eq!(status.code(), Code::AlreadyExists, "{status}");
                        false
                    }
                }
            }
        });
    }
    let right = calls
        .join_all()
        .await
        .into_iter()
        .filter(|right| *right)
        .count();
    assert_eq!(right, 1);
    let events = events(&mut service.client()).await.len();
    assert_eq!(events, 1);
    rows::told(
        "A3",
        "one key with so many bodies at once, by REST and gRPC",
        &[
            ("bodies", CONCURRENT as u64),
            ("placed", right as u64),
            ("told that the key is used", (CONCURRENT - right) as u64),
            ("events", events as u64),
        ],
    );
}

async fn events(client: &mut Client) -> Vec<Value> {
    let page = client.get("/v1/changes?limit=1000").await.body;
    page["events"].as_array().unwrap().clone()
}

/// The commit is held up by a lock while its callers hang up: it happens all the same, and whoever asks
/// again under the key finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_in_the_middle_of_a_commit_finds_it_done() {
    let server = server();
    let service = Service::start_on(&server.tcp_url("postgres"), &[]);
    let mut client = service.client();
    let first = client.post("/v1/orders", "first", order(1)).await;
    assert_eq!(first.status, 201, "{}", first.body);

    let mut holder = session(&server).await;
    let mut lock = holder.begin().await.unwrap();
    sqlx::query("SELECT * FROM feed FOR UPDATE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let rest = service.rest;
    let by_rest = tokio::spawn(async move {
        Client::new(rest)
            .try_post("/v1/orders", "rest", order(1))
            .await
    });
    let mut caller = grpc::client(service.grpc).await.unwrap();
    let by_grpc = tokio::spawn(async move { caller.place_order(grpc::place("grpc", 1)).await });
    let mut observer = session(&server).await;
    wait_for_blocked_commit(&mut observer).await;
    by_rest.abort();
    by_grpc.abort();
    assert!(by_rest.await.unwrap_err().is_cancelled());
    assert!(by_grpc.await.unwrap_err().is_cancelled());
    lock.rollback().await.unwrap();

    let again = client.post("/v1/orders", "rest", order(1)).await;
    assert_eq!(again.status, 201, "{}", again.body);
    let mut caller = grpc::client(service.grpc).await.unwrap();
    caller.place_order(grpc::place("grpc", 1)).await.unwrap();
    let placed = events(&mut client).await;
    let ids: BTreeSet<&str> = placed
        .iter()
        .map(|event| event["subject"].as_str().unwrap())
        .collect();
    assert_eq!((placed.len(), ids.len()), (3, 3), "{placed:#?}");
}

async fn session(server: &testkit::servers::Postgres) -> sqlx::PgConnection {
    sqlx::PgConnection::connect(&server.socket_url("postgres"))
        .await
        .unwrap()
}

async fn wait_for_blocked_commit(observer: &mut sqlx::PgConnection) {
    const BLOCKED: &str = "SELECT count(*) FROM pg_stat_activity \
        WHERE application_name = 'order-service' AND wait_event_type = 'Lock'";
    let started = Instant::now();
    loop {
        let blocked: i64 = sqlx::query_scalar(BLOCKED)
            .fetch_one(&mut *observer)
            .await
            .unwrap();
        if blocked > 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "no commit came to the lock");
    }
}
