//! What went wrong is done again, once, or dropped.

use crate::house::{House, Named, captured, reserved};
use async_trait::async_trait;
use futures_util::future::{join, join_all};
use order_core::app::{
    FactOutcome, FactReceipt, Handled, MessageHandler, RepairError, Repairs, take_stock,
};
use order_core::domain::State;
use order_core::domain::limits::PARKING_MILLIS;
use order_core::ports::{Count, DeadMessage, EntryId, Repair};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::new_order;

/// Handles messages whose value is "fine", and counts them.
#[derive(Default)]
struct Handler(AtomicUsize);

#[async_trait]
impl MessageHandler for Handler {
    async fn handle(&self, message: &DeadMessage) -> Handled {
        match message.value.as_deref() {
            Some(b"fine") => {
                self.0.fetch_add(1, Ordering::SeqCst);
                Handled::Done(FactReceipt {
                    outcome: FactOutcome::Applied,
                    order_id: None,
                    version: None,
                })
            }
            Some(b"later") => Handled::Failed("the store is away".to_owned()),
            _ => Handled::Refused("still\0 broken".to_owned()),
        }
    }
}

fn repairs(house: &House) -> (Repairs, Arc<Handler>) {
    let handler = Arc::new(Handler::default());
    let store = Arc::new(house.store.clone());
    let repairs = Repairs::new(house.orders.clone(), store, handler.clone());
    (repairs, handler)
}

/// The one dead letter, or the one parked fact.
async fn the_letter(repairs: &Repairs) -> EntryId {
    let page = repairs.dead_letters(None, None).await.unwrap();
    assert_eq!(page.letters.len(), 1);
    page.letters[0].id
}

async fn the_parked(repairs: &Repairs) -> EntryId {
    let page = repairs.parked_facts(None, None).await.unwrap();
    assert_eq!(page.facts.len(), 1);
    page.facts[0].id
}

/// A fact that was given up before its order came.
async fn buried(house: &House) {
    house
        .tell(captured("m1", Named::External("x"), 1_000))
        .await
        .unwrap();
    house.store_clock.advance(PARKING_MILLIS + 1);
    assert_eq!(house.orders.bury_parked().await.unwrap(), 1);
}

#[tokio::test]
async fn a_buried_fact_is_redriven_once_its_order_is_there() {
    let house = House::new();
    let (repairs, _) = repairs(&house);
    buried(&house).await;
    let letter = the_letter(&repairs).await;
    let reason = "no order has the external_id x".to_owned();
    let vain = repairs.redrive(letter).await;
    assert_eq!(
        vain,
        Err(RepairError::StillWrong {
            reason: reason.clone()
        })
    );
    assert_eq!(repairs.dead_letter(letter).await.unwrap().reason, reason);
    let id = house.placed("k", new_order().external("x")).await.order_id;
    assert_eq!(house.now(id).await.version, 1);

    let redriven = repairs.redrive(letter).await.unwrap();
    assert_eq!(redriven.receipt.outcome, FactOutcome::Applied);
    assert_eq!(redriven.receipt.order_id, Some(id));
    assert_eq!(house.now(id).await.payment.captured.minor(), 1_000);
    let unknown = RepairError::Unknown { id: letter };
    assert_eq!(repairs.redrive(letter).await, Err(unknown.clone()));
    assert_eq!(repairs.discard(letter).await, Err(unknown));
    let events = house.orders.events(id, None, None).await.unwrap().events;
    let cause = &events[1].event.cause;
    assert_eq!(cause.id.as_deref(), Some("m1"), "as if it had come in time");
    let again = house
        .tell(captured("m1", Named::External("x"), 1_000))
        .await
        .unwrap();
    assert_eq!(again.outcome, FactOutcome::Duplicate);
}

#[tokio::test]
async fn two_operators_at_once_have_one_effect() {
    let house = House::new();
    let (repairs, _) = repairs(&house);
    buried(&house).await;
    let letter = the_letter(&repairs).await;
    let id = house.placed("k", new_order().external("x")).await.order_id;
    let outcomes = join_all((0..8).map(|_| repairs.redrive(letter))).await;
    let applied = |outcome: &&Result<_, _>| {
        let outcome: &Result<order_core::app::Redriven, RepairError> = outcome;
        outcome
            .as_ref()
            .is_ok_and(|redriven| redriven.receipt.outcome == FactOutcome::Applied)
    };
    assert_eq!(outcomes.iter().filter(applied).count(), 1, "{outcomes:?}");
    assert_eq!(house.now(id).await.version, 2);
    assert!(
        repairs
            .dead_letters(None, None)
            .await
            .unwrap()
            .letters
            .is_empty()
    );
}

#[tokio::test]
async fn a_parked_fact_is_redriven_beside_the_chore() {
    let house = House::new();
    let (repairs, _) = repairs(&house);
    house
        .tell(captured("m1", Named::External("x"), 1_000))
        .await
        .unwrap();
    let parked = the_parked(&repairs).await;
    assert!(matches!(
        repairs.redrive(parked).await,
        Err(RepairError::StillWrong { .. })
    ));
    // Its order comes, and what waits for it cannot be read just then.
    house
        .store
        .lose_next_answer(order_core::ports::StoreError::Unavailable {
            detail: "cut".into(),
        });
    assert!(house.place("k", new_order().external("x")).await.is_err());
    let (redriven, swept) = join(repairs.redrive(parked), house.orders.apply_all_parked()).await;
    swept.unwrap();
    let id = house.placed("k", new_order().external("x")).await.order_id;
    assert!(redriven.is_ok(), "{redriven:?}");
    assert_eq!(house.now(id).await.version, 2);
    assert_eq!(
        repairs.redrive(parked).await,
        Err(RepairError::Unknown { id: parked })
    );
}

#[tokio::test]
async fn who_redrives_what_is_dropped_meanwhile_is_told() {
    let house = House::new();
    let (repairs, _) = repairs(&house);
    buried(&house).await;
    let letter = the_letter(&repairs).await;
    let id = house.placed("k", new_order().external("x")).await.order_id;
    house.store.hold_loads(true);
    let dropping = async {
        repairs.discard(letter).await.unwrap();
        house.store.hold_loads(false);
    };
    let (redriven, ()) = join(repairs.redrive(letter), dropping).await;
    assert_eq!(redriven, Err(RepairError::Unknown { id: letter }));
    assert_eq!(house.now(id).await.version, 1);
}

#[tokio::test]
async fn a_message_is_handled_again_and_stays_where_it_is_still_wrong() {
    let house = House::new();
    let (repairs, handler) = repairs(&house);
    let message = |offset, value: &str| DeadMessage {
        topic: "payments.events.v1".to_owned(),
        offset,
        value: Some(value.as_bytes().to_vec()),
        reason: "why".to_owned(),
        ..DeadMessage::default()
    };
    let keep = async |message| {
        house.store.keep(message).await.unwrap();
        the_letter(&repairs).await
    };
    let fine = keep(message(1, "fine")).await;
    let redriven = repairs.redrive(fine).await.unwrap();
    assert_eq!((redriven.id, handler.0.load(Ordering::SeqCst)), (fine, 1));
    for (offset, value, reason) in [(2, "broken", "still\u{fffd} broken"), (3, "later", "why")] {
        let id = keep(message(offset, value)).await;
        assert!(repairs.redrive(id).await.is_err());
        assert_eq!(repairs.dead_letter(id).await.unwrap().reason, reason);
        repairs.discard(id).await.unwrap();
    }
    let incomplete = DeadMessage {
        omitted_bytes: 1,
        ..message(4, "fine")
    };
    let id = keep(incomplete).await;
    let refused = repairs.redrive(id).await;
    assert!(
        matches!(&refused, Err(RepairError::Incomplete { reason }) if reason.contains("offset 4")),
        "{refused:?}"
    );
    assert_eq!(repairs.dead_letter(id).await.unwrap().reason, "why");
    assert_eq!(handler.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn stock_is_taken_of_everything() {
    let house = House::new();
    let (repairs, _) = repairs(&house);
    house.placed("k", new_order()).await;
    house.store.keep(DeadMessage::default()).await.unwrap();
    for (id, external) in [("m1", "x"), ("m2", "y")] {
        house
            .tell(reserved(id, Named::External(external)))
            .await
            .unwrap();
    }
    let counts = take_stock(&house.store, &repairs).await.unwrap();
    let one = Count {
        number: 1,
        capped: false,
    };
    assert_eq!(counts.orders_by_state[0], (State::Pending, one));
    assert_eq!(counts.held_orders, Count::default());
    assert_eq!(counts.repair.dead_letters(), one);
    assert_eq!(counts.repair.parked_facts.number, 2);
}
