//! Bad input, told whole: the code, the reason, every violation's path, and nothing changes.

use crate::bad_cases::{Ask, orders, parts};
use crate::bad_requests::{amendments, changes, facts, reads};
use crate::desk::{Desk, line, order, place_this};
use crate::told::Told;
use order_proto::v1::NewOrder;
use tonic::Code;

#[tokio::test]
async fn bad_input_is_told_whole_and_changes_nothing() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let order_id = desk.placed("first").await.order_id;
    let head = desk.head().await;
    let cases = [
        orders(),
        parts(),
        changes(&order_id),
        amendments(&order_id),
        reads(&order_id),
        facts(&order_id),
    ]
    .into_iter()
    .flatten();
    let mut count = 0;
    for case in cases {
        let shown: String = format!("{:?}", case.ask).chars().take(400).collect();
        let status = case.ask.send(&mut client).await.expect_err(&shown);
        let told = Told::by(&status);
        assert_eq!(
            (told.code, told.reason(), told.fields.join(" ")),
            (Code::InvalidArgument, case.reason, case.fields.join(" ")),
            "{shown}\n{told:?}"
        );
        assert_eq!(desk.head().await, head, "{shown} changed something");
        count += 1;
    }
    assert!(count >= 60, "{count} cases");
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn a_description_says_what_to_do() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let mut strange = order();
    strange.payment_terms = 9;
    for (ask, words) in [
        (place_this("", order()), "a key of your own"),
        (
            place_this("k", strange),
            "PAYMENT_TERMS_AUTHORIZE, PAYMENT_TERMS_CAPTURE",
        ),
    ] {
        let told = Told::by(&client.place_order(ask).await.unwrap_err());
        assert!(told.descriptions[0].contains(words), "{told:?}");
    }
    let error = Ask::Watch(order_proto::v1::WatchOrdersRequest {
        after: Some("9".to_owned()),
        ..Default::default()
    });
    let told = Told::by(&error.send(&mut client).await.unwrap_err());
    assert!(told.descriptions[0].contains("another store"), "{told:?}");
}

/// Details travel in one header; clients that take 8 KiB of headers must still get them.
#[tokio::test]
async fn very_many_violations_fit_into_a_header() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let broken = NewOrder {
        lines: vec![line("", 0, -1); 1_000],
        ..order()
    };
    let status = client
        .place_order(place_this("k", broken))
        .await
        .unwrap_err();
    assert!(
        status.details().len() < 5_500,
        "{} bytes",
        status.details().len()
    );
    let told = Told::by(&status);
    assert!(told.fields.len() > 50, "{}", told.fields.len());
    assert!(
        told.descriptions
            .last()
            .unwrap()
            .contains("more things are wrong")
    );
}
