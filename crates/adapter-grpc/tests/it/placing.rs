//! Placing, alone and many at once.

use crate::desk::{Desk, line, order, place, place_this};
use crate::told::Told;
use order_core::ports::OrderStore;
use order_proto::v1::batch_place_orders_result::Result as Outcome;
use order_proto::v1::{
    BatchPlaceOrdersRequest, ListOrderEventsRequest, NewOrder, PaymentTerms, PlaceOrderRequest,
    State,
};
use tonic::{Code, Request};

#[tokio::test]
async fn an_order_is_placed_once_for_its_key() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let first = client.place_order(place("k")).await.unwrap();
    assert!(!first.metadata().contains_key("idempotency-replayed"));
    let first = first.into_inner();
    assert_eq!(first.state(), State::Pending);
    assert_eq!(first.payment_terms(), PaymentTerms::Authorize);
    assert_eq!(first.totals.unwrap().total, 4_498);
    assert_eq!((first.version, first.etag.as_str()), (1, "v1"));
    let again = client.place_order(place("k")).await.unwrap();
    assert_eq!(
        again.metadata().get("idempotency-replayed").unwrap(),
        "true"
    );
    assert_eq!(again.into_inner(), first);
    let mut other = order();
    other.shipping = 1;
    let error = client
        .place_order(place_this("k", other))
        .await
        .unwrap_err();
    let told = Told::by(&error);
    assert_eq!(
        (told.code, told.reason()),
        (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED")
    );
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn an_external_id_is_taken_once() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let mine = NewOrder {
        external_id: Some("shop-1".to_owned()),
        ..order()
    };
    let placed = client
        .place_order(place_this("a", mine.clone()))
        .await
        .unwrap()
        .into_inner();
    let error = client.place_order(place_this("b", mine)).await.unwrap_err();
    let told = Told::by(&error);
    assert_eq!(
        (told.code, told.reason()),
        (Code::AlreadyExists, "ALREADY_EXISTS")
    );
    assert_eq!(told.metadata("order_id"), Some(placed.order_id.as_str()));
}

#[tokio::test]
async fn validating_tells_the_order_and_places_none() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let request = PlaceOrderRequest {
        validate_only: true,
        ..place("k")
    };
    let shown = client.place_order(request).await.unwrap().into_inner();
    assert_eq!(shown.order_id, "00000000-0000-0000-0000-000000000000");
    assert_eq!(shown.totals.unwrap().total, 4_498);
    assert_eq!(desk.store.order_count(), 0);
}

#[tokio::test]
async fn a_call_is_named_and_its_trace_is_the_cause() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let mut request = Request::new(place("my-key"));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    request
        .metadata_mut()
        .insert("traceparent", trace.parse().unwrap());
    request
        .metadata_mut()
        .insert("x-request-id", "call-7".parse().unwrap());
    let response = client.place_order(request).await.unwrap();
    assert_eq!(response.metadata().get("x-request-id").unwrap(), "call-7");
    let order_id = response.into_inner().order_id;
    let asked = ListOrderEventsRequest {
        order_id: order_id.clone(),
        ..ListOrderEventsRequest::default()
    };
    let events = client
        .list_order_events(asked)
        .await
        .unwrap()
        .into_inner()
        .events;
    let placed = &events[0];
    assert_eq!(placed.traceparent.as_deref(), Some(trace));
    assert_eq!(placed.cause.as_ref().unwrap().id.as_deref(), Some("my-key"));
    assert_eq!(
        (placed.id.as_str(), placed.r#type.as_str()),
        (format!("{order_id}/1").as_str(), "order.placed.v1")
    );
    // Errors name the call as well.
    let mut request = Request::new(place(""));
    request
        .metadata_mut()
        .insert("x-request-id", "call-8".parse().unwrap());
    let error = client.place_order(request).await.unwrap_err();
    assert_eq!(Told::by(&error).request_id, "call-8");
}

#[tokio::test]
async fn each_order_of_a_batch_is_judged_for_itself() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let broken = NewOrder {
        lines: vec![line("s", 1, 1), line("", 0, -1)],
        ..order()
    };
    let mut preview = place("preview");
    preview.validate_only = true;
    let requests = vec![
        place("a"),
        place_this("b", broken),
        place_this("", order()),
        place("a"),
        preview,
    ];
    let response = client
        .batch_place_orders(BatchPlaceOrdersRequest { requests })
        .await;
    let outcomes: Vec<Outcome> = response
        .unwrap()
        .into_inner()
        .results
        .into_iter()
        .map(|result| result.result.unwrap())
        .collect();
    let [
        Outcome::Order(first),
        Outcome::Status(second),
        Outcome::Status(third),
        Outcome::Order(fourth),
        Outcome::Order(fifth),
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(first, fourth);
    assert_ne!(fifth.order_id, first.order_id);
    let told = Told::of(second);
    assert_eq!(
        (told.code, told.reason()),
        (Code::InvalidArgument, "INVALID_ARGUMENT")
    );
    assert_eq!(
        told.fields,
        [
            "requests[1].order.lines[1].sku",
            "requests[1].order.lines[1].quantity",
            "requests[1].order.lines[1].unit_price"
        ]
    );
    assert_eq!(Told::of(third).fields, ["requests[2].request_id"]);
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn a_large_batch_is_placed_whole() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let requests = (0..1_000).map(|n| place(&format!("k{n}"))).collect();
    let response = client
        .batch_place_orders(BatchPlaceOrdersRequest { requests })
        .await;
    let results = response.unwrap().into_inner().results;
    let good = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Order(_)));
    assert!(results.len() == 1_000 && results.iter().all(|one| good(&one.result)));
    assert_eq!(desk.store.order_count(), 1_000);
    let Some(Outcome::Order(order)) = &results[7].result else {
        panic!("checked above");
    };
    let stored = desk
        .store
        .load(order.order_id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(stored.unwrap().version, 1);
}
