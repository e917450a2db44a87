//! SIGTERM under load: no connection is reset before its answer, and what was acknowledged is kept.

use crate::client::{Client, order};
use crate::grpc;
use crate::service::{Service, folder};
use crate::store::Store;
use order_proto::v1::{GetOrderRequest, ListOrderEventsRequest, ListOrdersRequest};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
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

/// Calls by gRPC run on threads of their own, and what they open and begin there, sessions with the database and
/// reads that others wait for, serves every edge: it must not go with those threads while others are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_is_answered_after_grpc_has_ended() {
    let store = Store::postgres();
    let service = Service::start_on(&store.url(), &[]);
    let mut client = grpc::client(service.grpc).await.unwrap();
    let placed = client.place_order(grpc::place("k", 1)).await.unwrap();
    let order_id = placed.into_inner().order_id;
    let count = Arc::new(AtomicUsize::new(0));
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let client = grpc::client(service.grpc).await.unwrap();
        let reading = read_until_refused(client, order_id.clone(), count.clone());
        callers.push(tokio::spawn(reading));
    }
    let mut kept: Vec<Client> = (0..CALLERS).map(|_| service.client()).collect();
    for client in &mut kept {
        assert_eq!(client.get("/livez").await.status, 200);
    }
    while count.load(Ordering::Relaxed) < ACKS {
        tokio::task::yield_now().await;
    }
    service.signal("TERM");
    for caller in callers {
        caller.await.unwrap();
    }
    // REST says goodbye for a second. What is read is spread over a part of it, since nothing tells from
    // outside when a thread is gone.
    let path = format!("/v1/orders/{order_id}");
    for client in &mut kept {
        let answer = client.get(&path).await;
        assert_eq!(answer.status, 200, "{}\n{}", answer.body, service.log());
        assert_eq!(answer.headers["connection"], "close");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    assert!(
        !log.contains("being shutdown"),
        "a session died with its thread: {log}"
    );
}

/// Reads by gRPC, in several ways, until the service has gone away.
async fn read_until_refused(mut client: grpc::Client, order_id: String, count: Arc<AtomicUsize>) {
    loop {
        let list = client.list_orders(ListOrdersRequest::default()).await;
        let history = ListOrderEventsRequest {
            order_id: order_id.clone(),
            ..ListOrderEventsRequest::default()
        };
        let history = client.list_order_events(history).await;
        let order_id = order_id.clone();
        let order = client.get_order(GetOrderRequest { order_id }).await;
        let failed = list.err().or(history.err()).or(order.err());
        if let Some(failed) = failed {
            let gone = failed.source().is_some() || failed.code() == Code::Unknown;
            assert!(gone, "{failed:?}");
            return;
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
}
