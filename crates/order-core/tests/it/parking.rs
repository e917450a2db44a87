//! Facts: duplicates, strangers, early ones, and deadlines.

use crate::house::{House, Named, captured, reserved};
use order_core::app::{AppError, FactOutcome, FactReceipt};
use order_core::domain::limits::PARKING_MILLIS;
use order_core::domain::{NewFactBody, OrderId, PaymentKind, Refusal, State, Timestamp};
use order_core::ports::StoreError;
use testkit::new_order;

#[tokio::test]
async fn one_id_and_one_business_key_have_one_effect() {
    let house = House::new();
    let id = house.placed("k", new_order()).await.order_id;
    let told = |event: &'static str, minor| house.tell(captured(event, Named::Id(id), minor));
    let receipt = |outcome| FactReceipt {
        outcome,
        order_id: Some(id),
        version: Some(2),
    };
    assert_eq!(
        told("m1", 500).await.unwrap(),
        receipt(FactOutcome::Applied)
    );
    assert_eq!(
        told("m1", 500).await.unwrap(),
        receipt(FactOutcome::Duplicate),
        "the same id"
    );
    assert_eq!(
        told("m2", 500).await.unwrap(),
        receipt(FactOutcome::Duplicate),
        "the same business key"
    );
    assert_eq!(
        told("m2", 500).await.unwrap(),
        receipt(FactOutcome::Duplicate),
        "an id that changed nothing is known too"
    );
    assert_eq!(told("m1", 501).await.unwrap_err(), AppError::FactIdReused);
    assert_eq!(told("m2", 501).await.unwrap_err(), AppError::FactIdReused);
    assert_eq!(house.now(id).await.version, 2);
    let held = told("m3", 501).await.unwrap();
    assert_eq!(
        held.outcome,
        FactOutcome::Held,
        "another amount under the same business key"
    );
}

#[tokio::test]
async fn a_fact_that_comes_before_its_order_waits_and_counts_once() {
    let house = House::new();
    let parked = FactReceipt {
        outcome: FactOutcome::Parked,
        order_id: None,
        version: None,
    };
    let known = FactReceipt {
        outcome: FactOutcome::Duplicate,
        ..parked
    };
    let early = || captured("m1", Named::External("shop-7"), 1_000);
    assert_eq!(house.tell(early()).await.unwrap(), parked);
    assert_eq!(house.tell(early()).await.unwrap(), known);
    assert_eq!(
        house
            .tell(captured("m1", Named::External("shop-7"), 9))
            .await
            .unwrap_err(),
        AppError::FactIdReused
    );
    house
        .tell(reserved("m2", Named::External("shop-7")))
        .await
        .unwrap();
    house
        .tell(captured("m3", Named::External("shop-8"), 1))
        .await
        .unwrap();

    let placed = house.placed("k", new_order().external("shop-7")).await;
    assert_eq!(
        placed.version, 1,
        "the answer is the order as it was placed"
    );
    let now = house.now(placed.order_id).await;
    assert_eq!(
        (now.state, now.payment.captured.minor()),
        (State::Confirmed, 1_000)
    );
    let again = house.tell(early()).await.unwrap();
    assert_eq!(
        (again.outcome, again.order_id),
        (FactOutcome::Duplicate, Some(placed.order_id))
    );
    assert_eq!(house.now(placed.order_id).await.version, now.version);
}

#[tokio::test]
async fn a_fact_for_an_id_that_nobody_has_is_parked_too() {
    let house = House::new();
    let stranger = OrderId::v7(Timestamp::default(), 0, 9);
    let receipt = house
        .tell(captured("m", Named::Id(stranger), 1))
        .await
        .unwrap();
    assert_eq!(receipt.outcome, FactOutcome::Parked);
}

#[tokio::test]
async fn what_an_outage_kept_waiting_is_applied_later() {
    let house = House::new();
    house
        .tell(captured("m1", Named::External("x"), 1_000))
        .await
        .unwrap();
    let id = house.placed("k", new_order()).await.order_id;
    assert_eq!(house.now(id).await.version, 1);
    // The order is stored, but the facts that wait for it cannot be read just then.
    house.store.lose_next_answer(StoreError::Unavailable {
        detail: "cut".into(),
    });
    assert!(
        house
            .place("late", new_order().external("x"))
            .await
            .is_err()
    );
    assert_eq!(house.orders.apply_all_parked().await.unwrap().done, 1);
    assert_eq!(house.orders.apply_all_parked().await.unwrap().done, 0);
    let id = house
        .placed("late", new_order().external("x"))
        .await
        .order_id;
    assert_eq!(house.now(id).await.payment.captured.minor(), 1_000);
}

#[tokio::test]
async fn a_fact_waits_for_72_hours() {
    let house = House::new();
    house
        .tell(captured("m1", Named::External("x"), 1_000))
        .await
        .unwrap();
    house.store_clock.advance(PARKING_MILLIS);
    assert_eq!(house.orders.bury_parked().await.unwrap(), 0);
    house.store_clock.advance(1);
    assert_eq!(house.orders.bury_parked().await.unwrap(), 1);
    assert_eq!(house.store.buried().len(), 1);
    let id = house.placed("k", new_order().external("x")).await.order_id;
    assert_eq!(
        house.now(id).await.version,
        1,
        "buried facts are not applied"
    );
}

#[tokio::test]
async fn deadlines_are_dealt_with_once() {
    let house = House::new();
    let deadline = house.clock.advance(0).plus_millis(1_000);
    let unpaid = house
        .placed("a", new_order().confirm_before(deadline))
        .await
        .order_id;
    let paid = house
        .placed("b", new_order().confirm_before(deadline))
        .await
        .order_id;
    house.placed("c", new_order()).await;
    house.tell(captured("m", Named::Id(paid), 1)).await.unwrap();
    let expired = async || house.orders.expire_due().await.unwrap().done;
    house.store_clock.advance(999);
    assert_eq!(expired().await, 0);
    house.store_clock.advance(1);
    assert_eq!(expired().await, 2);
    assert_eq!(expired().await, 0);
    assert_eq!(house.now(unpaid).await.state, State::Expired);
    assert_eq!(house.now(paid).await.holds[0].kind, "DEADLINE_PASSED_PAID");
}

#[tokio::test]
async fn a_fact_that_is_not_well_formed_tells_everything_and_changes_nothing() {
    let house = House::new();
    let mut fact = captured("", Named::External(""), -5);
    fact.source = "s".repeat(256);
    if let NewFactBody::Payment {
        kind,
        payment_id,
        currency,
        ..
    } = &mut fact.body
    {
        (*kind, *payment_id, *currency) =
            (PaymentKind::Refunded, String::new(), Some("eur".into()));
    }
    let AppError::Refused(Refusal::Invalid(all)) = house.tell(fact).await.unwrap_err() else {
        panic!()
    };
    let fields: Vec<_> = all
        .as_slice()
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "source",
            "id",
            "data.external_id",
            "data.payment_id",
            "data.currency",
            "data.amount"
        ]
    );
}
