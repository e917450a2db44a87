//! A store that is away, busy, broken or slow; deadlines; a method that panics.

use crate::desk::{Desk, here, place};
use crate::slow_store::{BadFeed, SlowStore};
use crate::told::Told;
use adapter_grpc::Config;
use order_core::ports::StoreError;
use order_proto::v1::batch_place_orders_result::Result as Outcome;
use order_proto::v1::{BatchPlaceOrdersRequest, ListOrdersRequest, WatchOrdersRequest};
use std::sync::Arc;
use std::time::Duration;
use testkit::fakes::MemoryStore;
use tonic::{Code, Request};

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_with_when_to_come_back() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let secret = || "disk at /var/secret is full".to_owned();
    for (error, code, reason, retry) in [
        (
            StoreError::Unavailable { detail: secret() },
            Code::Unavailable,
            "UNAVAILABLE",
            Some(1_000),
        ),
        (
            StoreError::Overloaded {
                queued: 9,
                retry_after_millis: 2_500,
            },
            Code::ResourceExhausted,
            "OVERLOADED",
            Some(2_500),
        ),
        (
            StoreError::Corrupt { detail: secret() },
            Code::Internal,
            "INTERNAL",
            None,
        ),
    ] {
        desk.store.set_failing(Some(error));
        let read = client
            .list_orders(ListOrdersRequest::default())
            .await
            .unwrap_err();
        let placed = client.place_order(place("k")).await.unwrap_err();
        let batch = BatchPlaceOrdersRequest {
            requests: vec![place("k")],
        };
        let batch = client.batch_place_orders(batch).await.unwrap().into_inner();
        let Some(Outcome::Status(one)) = &batch.results[0].result else {
            panic!("{batch:?}");
        };
        for told in [Told::by(&read), Told::by(&placed), Told::of(one)] {
            assert_eq!((told.code, told.reason()), (code, reason));
            assert_eq!(told.retry, retry.map(Duration::from_millis));
        }
        assert!(!format!("{placed:?} {one:?}").contains("secret"));
    }
    desk.store.set_failing(None);
    client.place_order(place("k")).await.unwrap();
}

#[tokio::test]
async fn a_deadline_ends_the_waiting_and_never_the_commit() {
    let store = MemoryStore::new();
    let slow = SlowStore::new(store.clone());
    let desk = Desk::on(
        here(),
        store.clone(),
        Arc::new(slow.clone()),
        Arc::new(store),
    );
    let mut client = desk.client().await;
    let mut request = Request::new(place("k"));
    request.set_timeout(Duration::from_millis(50));
    let told = Told::by(&client.place_order(request).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason()),
        (Code::DeadlineExceeded, "TIMEOUT")
    );
    assert_eq!(desk.store.order_count(), 0);
    slow.gate.add_permits(1);
    // The repetition finds what the first call left behind.
    let again = client.place_order(place("k")).await.unwrap();
    assert_eq!(
        again.metadata().get("idempotency-replayed").unwrap(),
        "true"
    );
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn a_deadline_that_is_none_is_told() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let mut request = Request::new(place("k"));
    request
        .metadata_mut()
        .insert("grpc-timeout", "5s".parse().unwrap());
    let told = Told::by(&client.place_order(request).await.unwrap_err());
    assert_eq!(told.fields, ["grpc-timeout"]);
    assert_eq!(desk.store.order_count(), 0);
}

fn on_feed(config: Config, panics: bool) -> Desk {
    let store = MemoryStore::new();
    Desk::on(
        config,
        store.clone(),
        Arc::new(store),
        Arc::new(BadFeed { panics }),
    )
}

#[tokio::test]
async fn our_own_patience_ends_too() {
    let config = Config {
        request_timeout: Duration::from_millis(50),
        ..here()
    };
    let desk = on_feed(config, false);
    let mut client = desk.client().await;
    let status = client
        .watch_orders(WatchOrdersRequest::default())
        .await
        .unwrap_err();
    let told = Told::by(&status);
    assert_eq!((told.code, told.reason()), (Code::Unavailable, "TIMEOUT"));
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_next_call_is_served() {
    let desk = on_feed(here(), true);
    let mut client = desk.client().await;
    let request = WatchOrdersRequest {
        after: Some("0".to_owned()),
        ..WatchOrdersRequest::default()
    };
    let status = client.watch_orders(request).await.unwrap_err();
    let told = Told::by(&status);
    assert_eq!((told.code, told.reason()), (Code::Internal, "INTERNAL"));
    assert!(!status.message().contains("broken"));
    client.place_order(place("k")).await.unwrap();
}
