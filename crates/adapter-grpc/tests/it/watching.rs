//! Watching: follow, filter, resume; back-pressure, bounds, ends.

use crate::desk::{Client, Desk, client_of, here, line, order, place, place_this};
use crate::slow_store::CountingFeed;
use crate::told::Told;
use adapter_grpc::Config;
use hyper::client::conn::http2::Builder;
use hyper_util::rt::TokioExecutor;
use order_core::ports::FeedPosition;
use order_proto::v1::{GetOrderRequest, NewOrder, OrderEvent, State, WatchOrdersRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::fakes::MemoryStore;
use tokio::time::timeout;
use tonic::{Code, Request, Streaming};

async fn next(stream: &mut Streaming<OrderEvent>) -> OrderEvent {
    let event = timeout(crate::desk::PATIENCE, stream.message())
        .await
        .expect("an event comes");
    event.unwrap().unwrap()
}

fn after(position: &str) -> WatchOrdersRequest {
    WatchOrdersRequest {
        after: Some(position.to_owned()),
        ..WatchOrdersRequest::default()
    }
}

#[tokio::test]
async fn events_come_as_they_happen_and_resume_after_any_of_them() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    desk.placed("before").await;
    let response = client
        .watch_orders(WatchOrdersRequest::default())
        .await
        .unwrap();
    assert_eq!(response.metadata().get("position").unwrap(), "1");
    let mut stream = response.into_inner();
    let second = desk.placed("second").await;
    let third = desk.placed("third").await;
    let (a, b) = (next(&mut stream).await, next(&mut stream).await);
    assert_eq!(
        (a.order_id, b.order_id),
        (second.order_id, third.order_id.clone())
    );
    assert_eq!(b.order.as_ref(), Some(&third));
    let mut resumed = client
        .watch_orders(after(&a.position))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(next(&mut resumed).await.order_id, third.order_id);
}

#[tokio::test]
async fn a_filter_keeps_others_out() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let request = WatchOrdersRequest {
        customer_id: Some("me".to_owned()),
        state: State::Pending.into(),
        ..after("0")
    };
    let mut stream = client.watch_orders(request).await.unwrap().into_inner();
    desk.placed("other").await;
    let mine = NewOrder {
        customer_id: "me".to_owned(),
        ..order()
    };
    client.place_order(place_this("k", mine)).await.unwrap();
    let event = next(&mut stream).await;
    assert_eq!(
        (
            event.order.unwrap().customer_id.as_str(),
            event.position.as_str()
        ),
        ("me", "2")
    );
}

#[tokio::test]
async fn a_position_that_is_no_longer_kept_is_the_calls_own_error() {
    let desk = Desk::new();
    for key in ["a", "b", "c"] {
        desk.placed(key).await;
    }
    desk.store.forget_before(FeedPosition {
        partition: 0,
        offset: 3,
    });
    let mut client = desk.client().await;
    let told = Told::by(&client.watch_orders(after("1")).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason()),
        (Code::OutOfRange, "POSITION_GONE")
    );
    assert_eq!(told.metadata("oldest"), Some("2"));
}

#[tokio::test]
async fn there_is_room_for_so_many_and_a_place_becomes_free() {
    let desk = Desk::with(Config {
        max_watch_streams: 1,
        ..here()
    });
    let mut client = desk.client().await;
    let first = client.watch_orders(after("0")).await.unwrap();
    let told = Told::by(&client.watch_orders(after("0")).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason()),
        (Code::ResourceExhausted, "OVERLOADED")
    );
    drop(first);
    let entered = async {
        while client.watch_orders(after("0")).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(crate::desk::PATIENCE, entered)
        .await
        .expect("the place becomes free");
}

#[tokio::test]
async fn a_deadline_ends_a_stream() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let mut request = Request::new(after("0"));
    request.set_timeout(Duration::from_millis(100));
    let mut stream = client.watch_orders(request).await.unwrap().into_inner();
    let status = timeout(crate::desk::PATIENCE, stream.message())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(Told::by(&status).code, Code::DeadlineExceeded);
}

const EVENTS: usize = 300;

/// A client that takes no more than one window of a stream, the smallest that HTTP/2 begins with.
async fn narrow_client(desk: &Desk) -> Client {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(65_535);
    client_of(desk.wire_with(&builder).await)
}

#[tokio::test]
async fn who_does_not_read_makes_nobody_read_for_him() {
    let store = MemoryStore::new();
    let read = Arc::new(AtomicUsize::new(0));
    let feed = CountingFeed {
        inner: store.clone(),
        read: Arc::clone(&read),
    };
    let desk = Desk::on(here(), store.clone(), Arc::new(store), Arc::new(feed));
    let mut client = desk.client().await;
    let large = NewOrder {
        lines: (0..100)
            .map(|n| line(&format!("a-sku-of-some-length-{n}"), 1, 100))
            .collect(),
        ..order()
    };
    for n in 0..EVENTS {
        client
            .place_order(place_this(&format!("k{n}"), large.clone()))
            .await
            .unwrap();
    }
    let mut narrow = narrow_client(&desk).await;
    let mut stream = narrow.watch_orders(after("0")).await.unwrap().into_inner();
    let first = next(&mut stream).await;
    // The others are served meanwhile, on the watcher's own connection too.
    for _ in 0..200 {
        for client in [&mut client, &mut narrow] {
            let order_id = first.order_id.clone();
            client
                .get_order(GetOrderRequest { order_id })
                .await
                .unwrap();
        }
    }
    let held = read.load(Ordering::SeqCst);
    assert!(
        held < EVENTS / 2,
        "{held} of {EVENTS} events were read for one who reads none"
    );
    for version in 2..=EVENTS {
        assert_eq!(next(&mut stream).await.position, version.to_string());
    }
}

#[tokio::test]
async fn the_stop_ends_a_stream_so_that_clients_come_back() {
    // Shorter than any wait for events: only the drain itself ends the watcher in time.
    let desk = Desk::with(Config {
        drain_timeout: Duration::from_secs(2),
        ..here()
    });
    let mut client = desk.client().await;
    let mut stream = client.watch_orders(after("0")).await.unwrap().into_inner();
    client.place_order(place("k")).await.unwrap();
    next(&mut stream).await;
    let stopping = desk.stop();
    let status = timeout(crate::desk::PATIENCE, stream.message())
        .await
        .unwrap()
        .unwrap_err();
    let told = Told::by(&status);
    assert_eq!((told.code, told.reason()), (Code::Unavailable, "DRAINING"));
    assert_eq!(stopping.report().await.cut, 0);
}
