//! Changing a placed order: cancel, amend, hold, release.

use crate::desk::{Desk, order, place_this, wire_time};
use crate::told::Told;
use order_core::domain::Timestamp;
use order_proto::v1::{
    Action, Address, AmendOrderRequest, CancelOrderRequest, HoldOrderRequest, LineQuantity,
    NewOrder, Order, OrderAmendment, ReleaseOrderRequest, State,
};
use prost_types::FieldMask;
use tonic::Code;

fn cancel(order: &Order) -> CancelOrderRequest {
    CancelOrderRequest {
        order_id: order.order_id.clone(),
        reason: "changed my mind".to_owned(),
        ..CancelOrderRequest::default()
    }
}

#[tokio::test]
async fn an_order_is_cancelled_by_units_and_whole() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let placed = desk.placed("k").await;
    let lines = vec![LineQuantity {
        line_no: 1,
        quantity: 1,
    }];
    let part = CancelOrderRequest {
        lines,
        request_id: "cancel-1".to_owned(),
        ..cancel(&placed)
    };
    let after = client
        .cancel_order(part.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((after.lines[0].cancelled, after.version), (1, 2));
    let again = client.cancel_order(part).await.unwrap();
    assert_eq!(
        again.metadata().get("idempotency-replayed").unwrap(),
        "true"
    );
    assert_eq!(again.into_inner(), after);
    let preview = CancelOrderRequest {
        validate_only: true,
        ..cancel(&placed)
    };
    let shown = client.cancel_order(preview).await.unwrap().into_inner();
    assert_eq!(shown.state(), State::Cancelled);
    let done = client
        .cancel_order(cancel(&placed))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(done.state(), State::Cancelled);
    let error = client.cancel_order(cancel(&placed)).await.unwrap_err();
    let told = Told::by(&error);
    assert_eq!(
        (told.code, told.reason()),
        (Code::FailedPrecondition, "ACTION_NOT_ALLOWED")
    );
    assert_eq!(told.metadata("state"), Some("CANCELLED"));
    let action = &done.allowed_actions[0];
    assert_eq!((action.action(), action.allowed), (Action::Cancel, false));
    assert!(action.reason.is_some());
}

#[tokio::test]
async fn an_etag_holds_a_change_to_one_version() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let placed = desk.placed("k").await;
    for stale in ["v2", "\"v2\"", "W/\"v1\""] {
        let request = CancelOrderRequest {
            etag: stale.to_owned(),
            ..cancel(&placed)
        };
        let told = Told::by(&client.cancel_order(request).await.unwrap_err());
        assert_eq!(
            (told.code, told.reason()),
            (Code::Aborted, "VERSION_MISMATCH")
        );
        assert_eq!(told.metadata("etag"), Some("v1"));
    }
    let request = CancelOrderRequest {
        etag: placed.etag.clone(),
        ..cancel(&placed)
    };
    assert_eq!(
        client
            .cancel_order(request)
            .await
            .unwrap()
            .into_inner()
            .version,
        2
    );
}

#[tokio::test]
async fn a_hold_is_put_and_released_by_its_id() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let placed = desk.placed("k").await;
    let ask = HoldOrderRequest {
        order_id: placed.order_id.clone(),
        kind: "FRAUD_CHECK".to_owned(),
        reason: "card and address differ".to_owned(),
        ..HoldOrderRequest::default()
    };
    let held = client.hold_order(ask).await.unwrap().into_inner();
    assert_eq!(held.holds[0].kind, "FRAUD_CHECK");
    let release = |hold_id: &str| ReleaseOrderRequest {
        order_id: placed.order_id.clone(),
        hold_id: hold_id.to_owned(),
        ..ReleaseOrderRequest::default()
    };
    let error = client.release_order(release("hold-9")).await.unwrap_err();
    assert_eq!(Told::by(&error).code, Code::NotFound);
    let free = client
        .release_order(release(&held.holds[0].hold_id))
        .await
        .unwrap();
    assert!(free.into_inner().holds.is_empty());
}

fn address() -> Address {
    Address {
        name: "Ada".to_owned(),
        lines: vec!["1 Square".to_owned()],
        city: "London".to_owned(),
        region: Some("Greater London".to_owned()),
        postal_code: Some("SW1Y".to_owned()),
        country: "GB".to_owned(),
    }
}

fn amend(order: &Order, paths: &[&str], amendment: OrderAmendment) -> AmendOrderRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    AmendOrderRequest {
        order_id: order.order_id.clone(),
        order: Some(amendment),
        update_mask: Some(FieldMask { paths }),
        ..AmendOrderRequest::default()
    }
}

/// The order after amendments, one after the other.
async fn after(new: NewOrder, amendments: &[(&[&str], OrderAmendment)]) -> Order {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let mut order = client
        .place_order(place_this("k", new))
        .await
        .unwrap()
        .into_inner();
    for (paths, amendment) in amendments {
        let request = amend(&order, paths, amendment.clone());
        order = client.amend_order(request).await.unwrap().into_inner();
    }
    order
}

fn pairs(all: &[(&str, &str)]) -> OrderAmendment {
    OrderAmendment {
        metadata: all
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..OrderAmendment::default()
    }
}

#[tokio::test]
async fn a_mask_sets_what_is_there_and_takes_away_what_is_not() {
    let full = NewOrder {
        shipping_address: Some(address()),
        metadata: pairs(&[("a", "1"), ("b", "2"), ("c.d", "3")]).metadata,
        confirm_before: Some(wire_time(Timestamp::MAX)),
        ..order()
    };
    let none = OrderAmendment::default;
    let gone = after(
        full.clone(),
        &[(&["shipping_address", "metadata", "confirm_before"], none())],
    )
    .await;
    assert_eq!(
        (
            gone.shipping_address,
            gone.metadata.len(),
            gone.confirm_before
        ),
        (None, 0, None)
    );

    let moved = OrderAmendment {
        shipping_address: Some(Address {
            city: "Leeds".to_owned(),
            name: "ignored".to_owned(),
            ..Address::default()
        }),
        ..none()
    };
    let paths: &[&str] = &["shipping_address.city", "shipping_address.region"];
    let part = after(full.clone(), &[(paths, moved)]).await;
    let expected = Address {
        city: "Leeds".to_owned(),
        region: None,
        ..address()
    };
    assert_eq!(part.shipping_address, Some(expected));

    let paths: &[&str] = &["metadata.a", "metadata.b", "metadata.new"];
    let merged = after(
        full.clone(),
        &[(paths, pairs(&[("a", "9"), ("new", "x"), ("other", "y")]))],
    )
    .await;
    assert_eq!(
        merged.metadata,
        pairs(&[("a", "9"), ("c.d", "3"), ("new", "x")]).metadata
    );
    let dotted = after(full.clone(), &[(&["metadata.c.d"], none())]).await;
    assert_eq!(dotted.metadata, pairs(&[("a", "1"), ("b", "2")]).metadata);

    let whole = OrderAmendment {
        shipping_address: Some(Address {
            region: None,
            postal_code: None,
            ..address()
        }),
        ..none()
    };
    let replaced = after(full, &[(&["shipping_address"], whole.clone())]).await;
    assert_eq!(replaced.shipping_address, whole.shipping_address);
}

#[tokio::test]
async fn without_a_mask_what_is_there_is_merged() {
    let full = NewOrder {
        shipping_address: Some(address()),
        metadata: pairs(&[("a", "1")]).metadata,
        ..order()
    };
    let moved = OrderAmendment {
        shipping_address: Some(Address {
            city: "Leeds".to_owned(),
            ..Address::default()
        }),
        confirm_before: Some(wire_time(Timestamp::MAX)),
        ..pairs(&[("b", "2")])
    };
    let merged = after(full.clone(), &[(&[], moved)]).await;
    assert_eq!(merged.shipping_address.unwrap().city, "Leeds");
    assert_eq!(merged.metadata, pairs(&[("a", "1"), ("b", "2")]).metadata);
    assert_eq!(merged.confirm_before, Some(wire_time(Timestamp::MAX)));
    let untouched = after(full.clone(), &[(&[], OrderAmendment::default())]).await;
    let same = (untouched.shipping_address, untouched.metadata);
    assert_eq!(same, (full.shipping_address, full.metadata));
}
