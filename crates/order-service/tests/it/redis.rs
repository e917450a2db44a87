//! Redis beside a running service: used where it is, named where it is not, never needed.

use crate::client::{Answer, Client, order};
use crate::grpc;
use crate::service::{Service, folder};
use crate::store::Store;
use http::Method;
use order_proto::v1::GetOrderRequest;
use serde_json::Value;
use std::time::{Duration, Instant};
use testkit::rows::{times, told};
use testkit::servers::Redis;
use testkit::servers::redis::Options;
use tokio::time::sleep;
use tonic::Code;

/// How long a test waits for anything, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn redis() -> Redis {
    let start = || Redis::start(Options::default());
    tokio::task::spawn_blocking(start).await.unwrap()
}

pub(crate) async fn read(client: &mut Client, path: &str, cache_control: &str) -> Answer {
    let headers = [("cache-control", cache_control)];
    let answer = client.send(Method::GET, path, &headers, Value::Null).await;
    answer.unwrap()
}

fn age(answer: &Answer) -> Option<u64> {
    let age = answer.headers.get("age")?;
    Some(age.to_str().unwrap().parse().unwrap())
}

async fn until(name: &str, mut what: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !what().await {
        assert!(started.elapsed() < PATIENCE, "never: {name}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The sample of a metric.
async fn metric(service: &Service, name: &str) -> u64 {
    let page = Client::new(service.management).get("/metrics").await.body;
    let line = page
        .as_str()
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

/// Whether Redis is named as up by `/readyz?verbose`, which must say that the service is ready.
async fn redis_is_up(service: &Service) -> bool {
    let ready = service.client().get("/readyz?verbose").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    let text = ready.body.as_str().unwrap().to_owned();
    assert!(text.contains("]redis "), "{text}");
    text.contains("[+]redis ok: Redis at 127.0.0.1:")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_one_replica_made_answers_at_the_other_by_rest_and_grpc() {
    let (store, redis) = (Store::postgres(), redis().await);
    let environment = [("REDIS_URL", &*redis.url())];
    let one = Service::start_on(&store.url(), &environment);
    let other = Service::start_on(&store.url(), &environment);
    let placed = one.client().post("/v1/orders", "k", order(1)).await;
    let id = placed.body["order_id"].as_str().unwrap();
    let path = format!("/v1/orders/{id}");
    let first = read(&mut one.client(), &path, "max-age=60").await;
    assert_eq!((age(&first), &first.body), (Some(0), &placed.body));
    let second = read(&mut other.client(), &path, "max-age=60").await;
    assert_eq!(second.body, placed.body);
    assert!(
        age(&second).unwrap() >= 1,
        "a copy is never told to be younger than it is"
    );
    assert_eq!(metric(&other, "orders_cache_hits_total").await, 1);
    let mut by_grpc = tonic::Request::new(GetOrderRequest {
        order_id: id.to_owned(),
    });
    by_grpc
        .metadata_mut()
        .insert("max-staleness", "60".parse().unwrap());
    let by_grpc = grpc::client(other.grpc)
        .await
        .unwrap()
        .get_order(by_grpc)
        .await
        .unwrap();
    assert!(by_grpc.metadata().get("age").unwrap() != "0");
    assert_eq!(metric(&other, "orders_cache_hits_total").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_without_redis_reads_come_from_the_store_and_health_says_so() {
    let (store, redis) = (Store::postgres(), redis().await);
    let service = Service::start_on(&store.url(), &[("REDIS_URL", &*redis.url())]);
    assert!(redis_is_up(&service).await);
    let mut client = service.client();
    let placed = client.post("/v1/orders", "k", order(1)).await;
    let path = format!("/v1/orders/{}", placed.body["order_id"].as_str().unwrap());
    let rounds = times(2, 10);
    let (mut reads, mut longest) = (0, Duration::ZERO);
    for _ in 0..rounds {
        until("a copy answers", async || {
            age(&read(&mut service.client(), &path, "max-age=60").await).unwrap() > 0
        })
        .await;
        tokio::task::block_in_place(|| redis.kill9());
        let killed = Instant::now();
        let mut down_told = false;
        while !down_told {
            let started = Instant::now();
            let answer = read(&mut client, &path, "max-age=60").await;
            longest = longest.max(started.elapsed());
            assert_eq!((answer.status.as_u16(), &answer.body), (200, &placed.body));
            reads += 1;
            down_told = !redis_is_up(&service).await;
            assert!(killed.elapsed() < PATIENCE, "health never tells");
        }
        tokio::task::block_in_place(|| redis.start_again());
        until("Redis is back", async || redis_is_up(&service).await).await;
    }
    let millis = u64::try_from(longest.as_millis()).unwrap();
    told(
        "D1",
        "Redis killed under a reading service",
        &[
            ("kills", u64::try_from(rounds).unwrap()),
            ("reads answered meanwhile", reads),
            ("longest in ms", millis),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_starts_without_its_redis_and_finds_it_later() {
    let (_folder, database) = folder();
    let redis = redis().await;
    let url = redis.url();
    tokio::task::block_in_place(|| redis.kill9());
    let service = Service::start_with(&database, &[("REDIS_URL", &url)]);
    assert!(!redis_is_up(&service).await);
    let placed = service.client().post("/v1/orders", "k", order(1)).await;
    assert_eq!(placed.status, 201);
    assert_eq!(metric(&service, "redis_up").await, 0);
    tokio::task::block_in_place(|| redis.start_again());
    until("Redis is found", async || redis_is_up(&service).await).await;
    assert_eq!(metric(&service, "redis_up").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_answers_for_a_store_that_is_down_and_is_marked() {
    let (store, redis) = (Store::postgres(), redis().await);
    let service = Service::start_on(&store.url(), &[("REDIS_URL", &*redis.url())]);
    let mut client = service.client();
    let placed = client.post("/v1/orders", "k", order(1)).await;
    let path = format!("/v1/orders/{}", placed.body["order_id"].as_str().unwrap());
    read(&mut client, &path, "stale-if-error=600").await;
    let Store::Postgres(server) = &store else {
        panic!("not PostgreSQL")
    };
    tokio::task::block_in_place(|| server.kill9());
    let stale = read(&mut client, &path, "stale-if-error=600").await;
    assert_eq!((stale.status.as_u16(), &stale.body), (200, &placed.body));
    assert_eq!(stale.headers["warning"], "110 - \"Response is Stale\"");
    assert!(age(&stale).unwrap() >= 1);
    assert_eq!(read(&mut client, &path, "max-age=0").await.status, 503);
    tokio::task::block_in_place(|| server.start_again());
    until("the store is back", async || {
        client.get(&path).await.status == 200
    })
    .await;
    assert!(
        !read(&mut client, &path, "stale-if-error=600")
            .await
            .headers
            .contains_key("warning")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_follower_brings_a_change_to_a_copy_that_is_being_read() {
    let (store, redis) = (Store::postgres(), redis().await);
    let environment = [("REDIS_URL", &*redis.url())];
    let one = Service::start_on(&store.url(), &environment);
    let other = Service::start_on(&store.url(), &environment);
    let placed = one.client().post("/v1/orders", "k", order(1)).await;
    let path = format!("/v1/orders/{}", placed.body["order_id"].as_str().unwrap());
    let mut reader = other.client();
    read(&mut reader, &path, "max-age=600").await;
    let mut holds = 0;
    // The follower begins a moment after the first reader; a change before that is not its own.
    until("a change reaches the copy", async || {
        let body = serde_json::json!({ "kind": "LOOK", "reason": "why not" });
        let held = one
            .client()
            .post(&format!("{path}:hold"), &format!("h{holds}"), body)
            .await;
        holds += 1;
        assert_eq!(held.status, 200, "{}", held.body);
        sleep(Duration::from_millis(100)).await;
        let copy = read(&mut reader, &path, "max-age=600").await;
        copy.body["version"] == held.body["version"]
    })
    .await;
    let stored = "orders_cache_puts_total{outcome=\"Stored\"}";
    assert!(metric(&one, stored).await + metric(&other, stored).await >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_quota_counts_rest_and_grpc_of_all_replicas_and_lives_on_without_redis() {
    let (store, redis) = (Store::postgres(), redis().await);
    let url = redis.url();
    let environment = [
        ("REDIS_URL", url.as_str()),
        ("RATE_LIMIT", "4/h"),
        ("RATE_LIMIT_BURST", "4"),
    ];
    let one = Service::start_on(&store.url(), &environment);
    let other = Service::start_on(&store.url(), &environment);
    let first = one.client().get("/v1/orders").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"default\";q=4;w=3600");
    assert_eq!(first.headers["ratelimit"], "\"default\";r=3;t=900");
    let mut by_grpc = grpc::client(other.grpc).await.unwrap();
    by_grpc.place_order(grpc::place("k", 1)).await.unwrap();
    other.client().get("/v1/orders").await;
    by_grpc.place_order(grpc::place("k", 1)).await.unwrap();
    let refused = one.client().get("/v1/orders").await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (429, &"rate_limited".into())
    );
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((850..=900).contains(&wait), "{wait}");
    let refused = by_grpc.place_order(grpc::place("k2", 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(one.client().get("/readyz").await.status, 200);
    let counted = "orders_rate_limit_calls_total{bucket=\"shared\",outcome=\"refused\"}";
    assert_eq!(metric(&one, counted).await, 1);

    // Without Redis each process knows what it knows: a quota of its own, not none.
    tokio::task::block_in_place(|| redis.kill9());
    let mut passed = 0;
    for _ in 0..10 {
        passed += u32::from(one.client().get("/v1/orders").await.status == 200);
    }
    assert_eq!(passed, 4);
}
