//! Callers that call too often.

use crate::desk::{Desk, place};
use crate::told::Told;
use order_core::ports::Rate;
use order_proto::v1::ListOrdersRequest;
use std::time::Duration;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const RATE: Rate = Rate {
    tokens: 2,
    period_millis: 1_000,
    burst: 3,
};

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back_and_health_is_never_refused() {
    let desk = Desk::limited(RATE);
    // Two connections from one address are one caller.
    let (mut client, mut other) = (desk.client().await, desk.client().await);
    client.place_order(place("k")).await.unwrap();
    other
        .list_orders(ListOrdersRequest::default())
        .await
        .unwrap();
    other
        .list_orders(ListOrdersRequest::default())
        .await
        .unwrap();
    let head = desk.head().await;
    let told = Told::by(&client.place_order(place("k2")).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason()),
        (Code::ResourceExhausted, "RATE_LIMITED")
    );
    assert_eq!(told.retry, Some(Duration::from_millis(500)));
    assert_eq!(desk.head().await, head);
    let mut health = HealthClient::with_origin(desk.wire().await, "http://orders".parse().unwrap());
    for _ in 0..10 {
        health.check(HealthCheckRequest::default()).await.unwrap();
    }
    desk.clock.advance(499);
    client.place_order(place("k2")).await.unwrap_err();
    desk.clock.advance(1);
    client.place_order(place("k2")).await.unwrap();
}
