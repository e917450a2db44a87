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
    assert_eq!(events(&mut client).await.len(), 1);

    // The same key for something else is refused, by whatever door it comes.
    let other = client.post("/v1/orders", "one", order(2)).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut grpc = grpc::client(grpc).await.unwrap();
    let other = grpc.place_order(grpc::place("one", 2)).await.unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists, "{other}");
    assert_eq!(events(&mut client).await.len(), 1);
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
