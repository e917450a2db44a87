//! Reading: one, many by pages, an order's history, health, metrics.

use crate::desk::{Desk, order, place, place_this};
use crate::told::Told;
use order_core::ports::HealthSource;
use order_proto::v1::{
    CancelOrderRequest, GetOrderRequest, ListOrderEventsRequest, ListOrdersRequest, NewOrder, State,
};
use testkit::fakes::StaticHealth;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn an_unknown_order_is_told() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let order_id = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1".to_owned();
    let error = client
        .get_order(GetOrderRequest { order_id })
        .await
        .unwrap_err();
    let told = Told::by(&error);
    assert_eq!((told.code, told.reason()), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn orders_are_listed_by_filter_and_page() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    for n in 0..5 {
        let new = NewOrder {
            customer_id: format!("customer-{}", n % 2),
            ..order()
        };
        client
            .place_order(place_this(&format!("k{n}"), new))
            .await
            .unwrap();
    }
    let mut request = ListOrdersRequest {
        customer_id: Some("customer-0".to_owned()),
        state: State::Pending.into(),
        page_size: 2,
        ..ListOrdersRequest::default()
    };
    let first = client
        .list_orders(request.clone())
        .await
        .unwrap()
        .into_inner();
    request.page_token = first.next_page_token;
    let second = client
        .list_orders(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.orders.len(), second.orders.len()), (2, 1));
    assert_eq!(second.next_page_token, "");
    assert!(first.orders[0].order_id > first.orders[1].order_id);
    assert!(first.orders[1].order_id > second.orders[0].order_id);
    request.state = State::Cancelled.into();
    let told = Told::by(&client.list_orders(request).await.unwrap_err());
    assert_eq!(told.fields, ["page_token"]);
}

#[tokio::test]
async fn a_history_is_read_oldest_first() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let order_id = desk.placed("k").await.order_id;
    let cancel = CancelOrderRequest {
        order_id: order_id.clone(),
        reason: "late".to_owned(),
        ..CancelOrderRequest::default()
    };
    client.cancel_order(cancel).await.unwrap();
    let mut request = ListOrderEventsRequest {
        order_id,
        page_size: 1,
        ..ListOrderEventsRequest::default()
    };
    let first = client
        .list_order_events(request.clone())
        .await
        .unwrap()
        .into_inner();
    request.page_token = first.next_page_token;
    let second = client
        .list_order_events(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.events[0].version, second.events[0].version), (1, 2));
    let cancelled = &second.events[0];
    assert_eq!(
        (cancelled.r#type.as_str(), cancelled.reason.as_deref()),
        ("order.cancelled.v1", Some("late"))
    );
    assert_eq!(cancelled.order.as_ref().unwrap().state(), State::Cancelled);
    assert_eq!(
        (cancelled.position.as_str(), second.next_page_token.as_str()),
        ("2", "")
    );
}

#[tokio::test]
async fn health_is_what_the_probes_say() {
    let desk = Desk::new();
    let mut health = HealthClient::with_origin(desk.wire().await, "http://orders".parse().unwrap());
    let asked = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    for service in ["", "orders.v1.OrderService"] {
        let answer = health.check(asked(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
    assert_eq!(
        Told::by(&health.check(asked("nobody")).await.unwrap_err()).code,
        Code::NotFound
    );
    let mut watch = health.watch(asked("")).await.unwrap().into_inner();
    let mut strange = health.watch(asked("nobody")).await.unwrap().into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    assert_eq!(
        strange.message().await.unwrap().unwrap().status(),
        ServingStatus::ServiceUnknown
    );
    desk.health.set(StaticHealth::not_ready().report());
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    let answer = health.check(asked("")).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::NotServing);
    let stopping = desk.stop();
    let told = Told::by(&watch.message().await.unwrap_err());
    assert_eq!((told.code, told.reason()), (Code::Unavailable, "DRAINING"));
    assert_eq!(stopping.report().await.cut, 0);
}

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    client.place_order(place("k")).await.unwrap();
    client.place_order(place("k")).await.unwrap();
    client.place_order(place("")).await.unwrap_err();
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &desk.registry).unwrap();
    for line in [
        "rpc_server_request_duration_seconds_count{method=\"orders.v1.OrderService/PlaceOrder\",code=\"OK\"} 2",
        "rpc_server_request_duration_seconds_count{method=\"orders.v1.OrderService/PlaceOrder\",code=\"INVALID_ARGUMENT\"} 1",
        "rpc_server_active_requests 0",
        "rpc_server_watch_streams 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
