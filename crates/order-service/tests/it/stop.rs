//! SIGTERM under load: no connection is reset before its answer, and what was acknowledged is kept.

use crate::client::{Client, order};
use crate::grpc;
use crate::service::{Service, folder};
use crate::store::Store;
use order_proto::v1::GetOrderRequest;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tonic::Code;

/// Callers by REST; as many call gRPC.
const CALLERS: usize = 16;
/// Acknowledgements before the stop.
const ACKS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_answers_what_it_accepted_on_sqlite() {
    stop_under_load(&Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_answers_what_it_accepted_on_postgresql() {
    stop_under_load(&Store::postgres()).await;
}

async fn stop_under_load(store: &Store) {
    let service = Service::start_on(&store.url(), &[]);
    let count = Arc::new(AtomicUsize::new(0));
    let by_rest = (0..CALLERS)
        .map(|caller| tokio::spawn(place_until_refused(service.rest, caller, count.clone())));
    let mut callers: Vec<_> = by_rest.collect();
    for caller in 0..CALLERS {
        let client = grpc::client(service.grpc).await.unwrap();
        callers.push(tokio::spawn(call_until_refused(
            client,
            caller,
            count.clone(),
        )));
    }
    while count.load(Ordering::Relaxed) < ACKS {
        tokio::task::yield_now().await;
    }
    service.signal("TERM");
    let (mut acknowledged, mut unanswered) = (Vec::new(), Vec::new());
    for caller in callers {
        let (placed, last) = caller.await.unwrap();
        assert!(!placed.is_empty(), "a caller was never answered");
        acknowledged.extend(placed);
        unanswered.push(last);
    }
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    assert!(
        log.contains("everything that was accepted is answered"),
        "{log}"
    );

    let service = Service::start_on(&store.url(), &[]);
    let mut client = service.client();
    assert!(acknowledged.len() >= ACKS);
    for id in acknowledged {
        assert_eq!(
            client.get(&format!("/v1/orders/{id}")).await.status,
            200,
            "{id} was acknowledged"
        );
    }
    for key in unanswered {
        let answer = client.post("/v1/orders", &key, order(1)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert!(
            !answer.headers.contains_key("idempotency-replayed"),
            "{key} was placed, but its caller was not answered"
        );
    }
}

/// The orders that a caller was told of, and the key of the call that was not answered.
type Outcome = (Vec<String>, String);

/// Places by gRPC until the service has gone away.
async fn call_until_refused(
    mut client: grpc::Client,
    caller: usize,
    count: Arc<AtomicUsize>,
) -> Outcome {
    let mut acknowledged = Vec::new();
    for i in 0.. {
        let key = format!("grpc-{caller}-{i}");
        match client.place_order(grpc::place(&key, 1)).await {
            Ok(placed) => acknowledged.push(placed.into_inner().order_id),
            // Of a connection that is no more the library tells what it comes from, or has no word for it;
            // what the service answers has no source and no such code.
            Err(status) if status.source().is_some() || status.code() == Code::Unknown => {
                return (acknowledged, key);
            }
            Err(status) => panic!("{status:?}"),
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("callers place until they are refused")
}

/// Places by REST until the service has gone away.
async fn place_until_refused(addr: SocketAddr, caller: usize, count: Arc<AtomicUsize>) -> Outcome {
    let mut client = Client::new(addr);
    let mut acknowledged = Vec::new();
    for i in 0.. {
        let key = format!("rest-{caller}-{i}");
        let Ok(answer) = client.try_post("/v1/orders", &key, order(1)).await else {
            return (acknowledged, key);
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        acknowledged.push(answer.body["order_id"].as_str().unwrap().to_owned());
        count.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("callers place until they are refused")
}

#[tokio::test]
async fn a_watcher_does_not_hold_up_the_stop() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let rest = service.rest;
    let watcher =
        tokio::spawn(async move { Client::new(rest).get("/v1/orders:watch?after=0").await });
    let mut client = service.client();
    // The stream is open once the gauge says so.
    let mut management = Client::new(service.management);
    loop {
        let metrics = management.get("/metrics").await.body;
        if metrics
            .as_str()
            .unwrap()
            .lines()
            .any(|line| line == "http_server_watch_streams 1")
        {
            break;
        }
    }
    client.post("/v1/orders", "k", order(1)).await;
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    // The stream ended as a stream ends, not by a reset: its whole body was read.
    let stream = watcher.await.unwrap();
    assert!(
        stream.body.as_str().unwrap().contains("id: "),
        "{}",
        stream.body
    );
}

/// Calls by gRPC run on threads of their own, and what they open there, sessions with the database above all,
/// serves every edge: it must not go with those threads while others are still answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_is_answered_after_grpc_has_ended() {
    let store = Store::postgres();
    let service = Service::start_on(&store.url(), &[]);
    let mut client = grpc::client(service.grpc).await.unwrap();
    let placed = client.place_order(grpc::place("k", 1)).await.unwrap();
    let order_id = placed.into_inner().order_id;
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let mut client = grpc::client(service.grpc).await.unwrap();
        let order_id = order_id.clone();
        // So many at once that every session for reads is opened by one of them.
        callers.push(tokio::spawn(async move {
            for _ in 0..50 {
                let order_id = order_id.clone();
                client.get_order(GetOrderRequest { order_id }).await.unwrap();
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let mut kept: Vec<Client> = (0..CALLERS).map(|_| service.client()).collect();
    for client in &mut kept {
        assert_eq!(client.get("/livez").await.status, 200);
    }
    service.signal("TERM");
    let read = GetOrderRequest {
        order_id: order_id.clone(),
    };
    while client.get_order(read.clone()).await.is_ok() {}
    // REST says goodbye for a second: long enough for a request on each connection.
    let path = format!("/v1/orders/{order_id}");
    let reading = kept.into_iter().map(|mut client| {
        let path = path.clone();
        tokio::spawn(async move { client.get(&path).await })
    });
    for read in reading.collect::<Vec<_>>() {
        let answer = read.await.unwrap();
        assert_eq!(answer.status, 200, "{}\n{}", answer.body, service.log());
        assert_eq!(answer.headers["connection"], "close");
    }
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
}
