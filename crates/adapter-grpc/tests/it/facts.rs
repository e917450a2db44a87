//! Facts: recorded, known again, parked, held.

use crate::desk::{Desk, order, place_this};
use crate::told::Told;
use order_proto::v1::record_fact_request::{Fact, Order};
use order_proto::v1::{
    FactOutcome, GetOrderRequest, LineQuantity, NewOrder, PaymentFact, PaymentFactKind,
    PaymentStatus, RecordFactRequest, ReturnFact, ReturnFactKind, ReturnStatus, ShipmentFact,
    ShipmentFactKind, State, StockFact, StockFactKind,
};
use tonic::Code;

pub(crate) fn fact(id: &str, order: Order, fact: Fact) -> RecordFactRequest {
    RecordFactRequest {
        source: "/test".to_owned(),
        id: id.to_owned(),
        order: Some(order),
        fact: Some(fact),
        validate_only: false,
    }
}

pub(crate) fn captured(amount: i64) -> Fact {
    Fact::Payment(PaymentFact {
        kind: PaymentFactKind::Captured.into(),
        payment_id: "pay-1".to_owned(),
        amount: Some(amount),
        currency: Some("EUR".to_owned()),
        ..PaymentFact::default()
    })
}

pub(crate) fn reserved() -> Fact {
    Fact::Stock(StockFact {
        kind: StockFactKind::Reserved.into(),
        reservation_id: "res-1".to_owned(),
        ..StockFact::default()
    })
}

pub(crate) fn units() -> Vec<LineQuantity> {
    [(1, 2), (2, 1)]
        .map(|(line_no, quantity)| LineQuantity { line_no, quantity })
        .to_vec()
}

pub(crate) fn parcel(kind: ShipmentFactKind, lines: Vec<LineQuantity>) -> Fact {
    Fact::Shipment(ShipmentFact {
        kind: kind.into(),
        shipment_id: "parcel-1".to_owned(),
        lines,
        ..ShipmentFact::default()
    })
}

pub(crate) fn came_back() -> Fact {
    Fact::GoodsReturn(ReturnFact {
        kind: ReturnFactKind::Received.into(),
        return_id: "ret-1".to_owned(),
        lines: units(),
    })
}

#[tokio::test]
async fn facts_move_an_order_to_its_end() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let order_id = desk.placed("k").await.order_id;
    let steps = [
        reserved(),
        captured(4_498),
        parcel(ShipmentFactKind::Shipped, units()),
        parcel(ShipmentFactKind::Delivered, Vec::new()),
        came_back(),
    ];
    for (n, step) in steps.into_iter().enumerate() {
        let request = fact(&n.to_string(), Order::OrderId(order_id.clone()), step);
        let receipt = client.record_fact(request).await.unwrap().into_inner();
        assert_eq!(receipt.outcome(), FactOutcome::Applied, "{n}");
        assert_eq!(receipt.order_id.as_ref(), Some(&order_id));
    }
    let order = client
        .get_order(GetOrderRequest { order_id })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(order.state(), State::Completed);
    assert_eq!(order.payment_status(), PaymentStatus::Captured);
    assert_eq!(order.return_status(), ReturnStatus::Returned);
    assert_eq!(order.lines[0].delivered, 2);
}

#[tokio::test]
async fn a_fact_is_known_again_parked_or_held() {
    let desk = Desk::new();
    let mut client = desk.client().await;
    let external = || Order::ExternalId("shop-1".to_owned());
    let early = client
        .record_fact(fact("1", external(), reserved()))
        .await
        .unwrap();
    assert_eq!(early.into_inner().outcome(), FactOutcome::Parked);
    let mine = NewOrder {
        external_id: Some("shop-1".to_owned()),
        ..order()
    };
    client.place_order(place_this("k", mine)).await.unwrap();
    let again = client
        .record_fact(fact("1", external(), reserved()))
        .await
        .unwrap();
    assert_eq!(again.into_inner().outcome(), FactOutcome::Duplicate);
    let error = client
        .record_fact(fact("1", external(), captured(1)))
        .await
        .unwrap_err();
    let told = Told::by(&error);
    assert_eq!(
        (told.code, told.reason()),
        (Code::AlreadyExists, "FACT_ID_REUSED")
    );
    let before = desk.head().await;
    let mut preview = fact("2", external(), captured(99_999));
    preview.validate_only = true;
    client.record_fact(preview.clone()).await.unwrap();
    assert_eq!(desk.head().await, before);
    let mut dollars = captured(4_498);
    if let Fact::Payment(fact) = &mut dollars {
        fact.currency = Some("USD".to_owned());
    }
    let held = client
        .record_fact(fact("3", external(), dollars))
        .await
        .unwrap();
    assert_eq!(held.into_inner().outcome(), FactOutcome::Held);
}
