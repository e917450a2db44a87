//! Answers that may be old: what callers allow by metadata, and what the answers say of their age.

use crate::desk::{Client, Desk};
use crate::told::Told;
use order_core::ports::StoreError;
use order_proto::v1::{CancelOrderRequest, GetOrderRequest, ListOrdersRequest, Order};
use tonic::{Code, Request, Response, Status};

async fn read(
    client: &mut Client,
    order_id: &str,
    metadata: &[(&'static str, &str)],
) -> Result<Response<Order>, Status> {
    let order_id = order_id.to_owned();
    let mut request = Request::new(GetOrderRequest { order_id });
    for (name, value) in metadata {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    client.get_order(request).await
}

/// The version, and what the answer says of its age.
fn told<'a>(answer: &'a Response<Order>) -> (i64, Option<&'a str>, Option<&'a str>) {
    let text = |name: &str| -> Option<&'a str> {
        answer
            .metadata()
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    (answer.get_ref().version, text("age"), text("warning"))
}

#[tokio::test]
async fn an_answer_is_as_old_as_allowed_and_says_so() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let id = desk.placed("k").await.order_id;
    let first = read(&mut client, &id, &[("max-staleness", "5")])
        .await
        .unwrap();
    assert_eq!(told(&first), (1, Some("0"), None));
    let cancel = CancelOrderRequest {
        order_id: id.clone(),
        reason: "late".to_owned(),
        ..CancelOrderRequest::default()
    };
    let newest = client
        .cancel_order(cancel)
        .await
        .unwrap()
        .into_inner()
        .version;
    desk.clock.advance(4_001);
    let old = read(&mut client, &id, &[("max-staleness", "5")])
        .await
        .unwrap();
    assert_eq!(told(&old), (1, Some("5"), None));
    for (metadata, age) in [
        (&[][..], None),
        (&[("max-staleness", "0")], None),
        (&[("max-staleness", "4")], Some("0")),
    ] {
        let fresh = read(&mut client, &id, metadata).await.unwrap();
        assert_eq!(told(&fresh), (newest, age, None), "{metadata:?}");
    }
}

#[tokio::test]
async fn an_answer_stands_in_for_a_store_that_is_down_and_is_marked() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let id = desk.placed("k").await.order_id;
    read(&mut client, &id, &[("stale-if-error", "60")])
        .await
        .unwrap();
    desk.clock.advance(30_000);
    desk.store.set_failing(Some(StoreError::Unavailable {
        detail: "gone".into(),
    }));
    let stale = read(&mut client, &id, &[("stale-if-error", "60")])
        .await
        .unwrap();
    let mark = Some("110 - \"Response is Stale\"");
    assert_eq!(told(&stale), (1, Some("30"), mark));
    for metadata in [
        &[][..],
        &[("max-staleness", "5")],
        &[("stale-if-error", "29")],
    ] {
        let refused = read(&mut client, &id, metadata).await.unwrap_err();
        assert_eq!(Told::by(&refused).reason(), "UNAVAILABLE", "{metadata:?}");
    }
}

#[tokio::test]
async fn what_is_no_number_of_seconds_is_refused() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let id = desk.placed("k").await.order_id;
    for (metadata, fields) in [
        (&[("max-staleness", "")][..], &["max-staleness"][..]),
        (&[("max-staleness", "-1")], &["max-staleness"]),
        (&[("max-staleness", "1.5")], &["max-staleness"]),
        (&[("max-staleness", "1000000000")], &["max-staleness"]),
        (
            &[("max-staleness", "5"), ("max-staleness", "5")],
            &["max-staleness"],
        ),
        (
            &[("stale-if-error", "5s"), ("max-staleness", "x")],
            &["max-staleness", "stale-if-error"],
        ),
    ] {
        let refused = Told::by(&read(&mut client, &id, metadata).await.unwrap_err());
        assert_eq!(refused.code, Code::InvalidArgument, "{metadata:?}");
        assert_eq!(refused.fields, fields);
    }
    let bad_id = read(&mut client, "x", &[("max-staleness", "x")])
        .await
        .unwrap_err();
    assert_eq!(Told::by(&bad_id).fields, ["order_id", "max-staleness"]);
    let mut list = Request::new(ListOrdersRequest::default());
    list.metadata_mut()
        .insert("max-staleness", "x".parse().unwrap());
    assert_eq!(
        Told::by(&client.list_orders(list).await.unwrap_err()).fields,
        ["max-staleness"]
    );
    let mut list = Request::new(ListOrdersRequest::default());
    list.metadata_mut()
        .insert("max-staleness", "60".parse().unwrap());
    let list = client.list_orders(list).await.unwrap();
    assert_eq!(list.metadata().get("age").unwrap(), "0");
}
