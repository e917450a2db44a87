//! SIGTERM under load: no connection is reset before its answer, and what was acknowledged is kept.

use crate::client::{Client, order};
use crate::service::{Service, folder};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const CALLERS: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_answers_what_it_accepted() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let count = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(place_until_refused(service.rest, caller, count.clone())))
        .collect();
    while count.load(Ordering::Relaxed) < 500 {
        tokio::task::yield_now().await;
    }
    service.signal("TERM");
    let mut acknowledged = Vec::new();
    for caller in callers {
        acknowledged.extend(caller.await.unwrap());
    }
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    assert!(
        log.contains("everything that was accepted is answered"),
        "{log}"
    );

    let service = Service::start(&database);
    let mut client = service.client();
    assert!(acknowledged.len() >= 500);
    for id in acknowledged {
        assert_eq!(
            client.get(&format!("/v1/orders/{id}")).await.status,
            200,
            "{id} was acknowledged"
        );
    }
}

/// Places until a connection is refused or said goodbye to between two requests. A request that was
/// sent has to be answered.
async fn place_until_refused(
    addr: std::net::SocketAddr,
    caller: usize,
    count: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut client = Client::new(addr);
    let mut acknowledged = Vec::new();
    for i in 0.. {
        let answer = match client
            .try_post("/v1/orders", &format!("{caller}-{i}"), order(1))
            .await
        {
            Ok(answer) => answer,
            // hyper tells a connection that was closed while idle, and a connect that was refused,
            // from one that broke with a request under way.
            Err(error)
                if error.contains("refused")
                    || error.contains("canceled")
                    || error.contains("closed") =>
            {
                return acknowledged;
            }
            Err(error) => panic!("a request that was sent was not answered: {error}"),
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        acknowledged.push(answer.body["order_id"].as_str().unwrap().to_owned());
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
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
