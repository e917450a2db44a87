//! Placing and changing: keys, conditions, previews, pages.

use crate::house::{House, Named, cancellation, captured, request, with_key};
use order_core::app::{AppError, ChangeOptions, FactOutcome, PageRequest};
use order_core::domain::{Amendment, HoldRequest, OrderId, Patch, Refusal, State};
use order_core::ports::{FeedToken, ListFilter, StoreError};
use testkit::new_order;

#[tokio::test]
async fn a_key_places_one_order_and_gives_its_first_answer_for_good() {
    let house = House::new();
    let first = house.placed("k", new_order()).await;
    house
        .orders
        .cancel(first.order_id, cancellation(), ChangeOptions::default())
        .await
        .unwrap();
    let again = house.place("k", new_order()).await.unwrap();
    assert!(again.replayed);
    assert_eq!(
        again.order, first,
        "the answer of then, though the order is cancelled by now"
    );
    let other = house
        .place("k", new_order().customer("somebody-else"))
        .await;
    assert_eq!(other.unwrap_err(), AppError::KeyReused);
    assert_eq!(house.store.order_count(), 1);
}

#[tokio::test]
async fn a_repetition_is_answered_also_when_its_deadline_has_passed() {
    let house = House::new();
    let order = || new_order().confirm_before(house.clock.advance(0).plus_millis(50));
    let asked = order();
    house.placed("k", asked.clone()).await;
    house.clock.advance(100);
    assert!(house.place("k", asked.clone()).await.unwrap().replayed);
    let refused = house.place("fresh", asked).await.unwrap_err();
    assert!(matches!(refused, AppError::Refused(Refusal::Invalid(_))));
}

#[tokio::test]
async fn a_repetition_that_overtakes_nothing_gets_the_first_answer_too() {
    let house = House::new();
    let order = house.placed("k", new_order()).await;
    let cancel = || {
        house
            .orders
            .cancel(order.order_id, cancellation(), with_key("c"))
    };
    // Both have looked for the key before either has its effect.
    let loads = house.store.loads();
    house.store.hold_loads(true);
    let release = async {
        while house.store.loads() == loads {
            tokio::task::yield_now().await;
        }
        house.store.hold_loads(false);
    };
    let (one, other, ()) = tokio::join!(cancel(), cancel(), release);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.order, other.order);
    assert_eq!((one.order.version, one.order.state), (2, State::Cancelled));
    assert!(one.replayed != other.replayed, "one effect, one repetition");
}

#[tokio::test]
async fn a_refused_request_does_not_burn_its_key() {
    let house = House::new();
    assert!(house.place("k", new_order().currency("???")).await.is_err());
    assert!(!house.place("k", new_order()).await.unwrap().replayed);
}

#[tokio::test]
async fn everything_wrong_is_told_with_the_key_among_it() {
    let house = House::new();
    let refused = house
        .place("", new_order().currency("???"))
        .await
        .unwrap_err();
    let AppError::Refused(Refusal::Invalid(all)) = refused else {
        panic!("{refused}")
    };
    let fields: Vec<_> = all
        .as_slice()
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["Idempotency-Key", "currency"]);
}

#[tokio::test]
async fn an_external_id_is_taken_once() {
    let house = House::new();
    let first = house.placed("a", new_order().external("x")).await;
    let taken = house
        .place("b", new_order().external("x"))
        .await
        .unwrap_err();
    assert_eq!(
        taken,
        AppError::ExternalIdTaken {
            order_id: first.order_id
        }
    );
    let preview = house
        .orders
        .preview_place(request("c", new_order().external("x")))
        .await
        .unwrap_err();
    assert_eq!(preview, taken);
}

#[tokio::test]
async fn previews_change_nothing() {
    let house = House::new();
    let preview = house
        .orders
        .preview_place(request("k", new_order()))
        .await
        .unwrap();
    assert_eq!(
        (preview.order.order_id, preview.replayed),
        (OrderId::NIL, false)
    );
    let order = house.placed("k", new_order()).await;
    assert!(
        house
            .orders
            .preview_place(request("k", new_order()))
            .await
            .unwrap()
            .replayed
    );
    let options = ChangeOptions {
        validate_only: true,
        ..with_key("c")
    };
    let cancelled = house
        .orders
        .cancel(order.order_id, cancellation(), options)
        .await
        .unwrap();
    assert_eq!(
        (cancelled.order.state, house.now(order.order_id).await.state),
        (State::Cancelled, State::Pending)
    );
    let fact = captured("m", Named::Id(order.order_id), 5);
    let receipt = house
        .orders
        .record_fact(fact, order_core::domain::Cause::default(), true)
        .await
        .unwrap();
    assert_eq!(
        (receipt.outcome, receipt.version),
        (FactOutcome::Applied, Some(2))
    );
    assert_eq!(house.now(order.order_id).await.version, 1);
}

#[tokio::test]
async fn a_batch_answers_each_order_for_itself_in_the_order_asked() {
    let house = House::new();
    let requests = vec![
        request("a", new_order().customer("one")),
        request("b", new_order().currency("???")),
        request("a", new_order().customer("one")),
        request("a", new_order().customer("two")),
    ];
    let answers = house.orders.place_batch(requests).await;
    assert_eq!(
        answers[0].as_ref().unwrap().order,
        answers[2].as_ref().unwrap().order
    );
    assert!(matches!(answers[1], Err(AppError::Refused(_))));
    assert!(matches!(answers[3], Err(AppError::KeyReused)));
    assert_eq!(house.store.order_count(), 1);
}

#[tokio::test]
async fn a_commands_key_replays_its_answer_though_the_command_is_no_longer_allowed() {
    let house = House::new();
    let id = house.placed("k", new_order()).await.order_id;
    let first = house
        .orders
        .cancel(id, cancellation(), with_key("c"))
        .await
        .unwrap();
    let again = house
        .orders
        .cancel(id, cancellation(), with_key("c"))
        .await
        .unwrap();
    assert_eq!((again.order, again.replayed), (first.order, true));
    let fresh = house
        .orders
        .cancel(id, cancellation(), with_key("d"))
        .await
        .unwrap_err();
    assert!(matches!(
        fresh,
        AppError::Refused(Refusal::NotAllowed { .. })
    ));
    let placing = house.place("c", new_order()).await.unwrap_err();
    assert_eq!(placing, AppError::KeyReused, "one space of keys");
}

#[tokio::test]
async fn a_condition_holds_to_exactly_that_version() {
    let house = House::new();
    let id = house.placed("k", new_order()).await.order_id;
    let only = |versions: &[u64]| ChangeOptions {
        expected_versions: Some(versions.to_vec()),
        ..ChangeOptions::default()
    };
    house.orders.amend(id, noting(1), only(&[1])).await.unwrap();
    let stale = house
        .orders
        .amend(id, noting(2), only(&[1]))
        .await
        .unwrap_err();
    assert_eq!(stale, AppError::VersionMismatch { current: 2 });
    house
        .orders
        .amend(id, noting(3), only(&[1, 2]))
        .await
        .unwrap();
}

/// An amendment that changes something, whichever came before.
fn noting(number: u32) -> Amendment {
    let note = ("note".to_owned(), Some(number.to_string()));
    Amendment {
        metadata: Patch::Set([note].into()),
        ..Amendment::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_changes_at_once_are_all_made_one_after_the_other() {
    let house = House::new();
    let id = house.placed("k", new_order()).await.order_id;
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let orders = house.orders.clone();
            let patch = noting(number);
            tokio::spawn(async move { orders.amend(id, patch, ChangeOptions::default()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(house.now(id).await.version, 101);
    let history = house.orders.events(id, Some(500), None).await.unwrap();
    let versions: Vec<u64> = history
        .events
        .iter()
        .map(|recorded| recorded.event.version())
        .collect();
    assert_eq!(versions, (1..=101).collect::<Vec<_>>());
}

#[tokio::test]
async fn holds_are_put_and_released() {
    let house = House::new();
    let id = house.placed("k", new_order()).await.order_id;
    let ask = HoldRequest {
        kind: "REVIEW".into(),
        reason: "look".into(),
    };
    let held = house
        .orders
        .hold(id, ask, ChangeOptions::default())
        .await
        .unwrap()
        .order;
    let hold_id = held.holds[0].hold_id.clone();
    house
        .orders
        .release(id, hold_id.clone(), ChangeOptions::default())
        .await
        .unwrap();
    let unknown = house
        .orders
        .release(id, hold_id, ChangeOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(
        unknown,
        AppError::Refused(Refusal::UnknownHold { .. })
    ));
}

#[tokio::test]
async fn pages_follow_one_another_and_only_on_their_own_filters() {
    let house = House::new();
    for i in 0..130 {
        house
            .placed(
                &format!("k{i}"),
                new_order().customer(if i % 2 == 0 { "even" } else { "odd" }),
            )
            .await;
    }
    let filter = ListFilter {
        customer_id: Some("even".into()),
        ..ListFilter::default()
    };
    let mut request = PageRequest {
        filter,
        page_size: Some(20),
        page_token: None,
    };
    let mut seen = Vec::new();
    loop {
        let page = house.orders.list(request.clone()).await.unwrap();
        assert!(page.orders.len() <= 20);
        seen.extend(page.orders.iter().map(|order| order.order_id));
        // An order placed meanwhile belongs to no page that follows.
        house
            .placed(&format!("new{}", seen.len()), new_order().customer("even"))
            .await;
        let Some(token) = page.next_page_token else {
            break;
        };
        request.page_token = Some(token);
    }
    assert_eq!(seen.len(), 65);
    assert!(
        seen.windows(2).all(|pair| pair[0] > pair[1]),
        "newest first, each once"
    );
    request.filter.customer_id = Some("odd".into());
    let wrong = PageRequest {
        page_size: Some(-1),
        ..request
    };
    let AppError::Refused(Refusal::Invalid(all)) = house.orders.list(wrong).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!(all.as_slice().len(), 2, "{all}");
}

#[tokio::test]
async fn the_feed_is_read_to_its_end_in_any_steps() {
    let house = House::new();
    for i in 0..70 {
        house.placed(&format!("k{i}"), new_order()).await;
    }
    let mut after = FeedToken::start();
    let mut count = 0;
    loop {
        let batch = house.orders.changes(after.clone(), 33).await.unwrap();
        if batch.events.is_empty() {
            break;
        }
        count += batch.events.len();
        after = batch.next_after;
    }
    assert_eq!(
        (count, &after),
        (70, &house.orders.feed_head().await.unwrap())
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_told_and_nothing_else_happens() {
    let house = House::new();
    let away = StoreError::Unavailable {
        detail: "gone fishing".into(),
    };
    house.store.fail_next(away.clone());
    assert_eq!(
        house.place("k", new_order()).await.unwrap_err(),
        AppError::Store(away)
    );
    assert!(!house.place("k", new_order()).await.unwrap().replayed);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_by_its_key() {
    let house = House::new();
    house.store.lose_next_answer(StoreError::Unavailable {
        detail: "cut".into(),
    });
    assert!(house.place("k", new_order()).await.is_err());
    assert!(
        house.place("k", new_order()).await.unwrap().replayed,
        "the row was there"
    );
    assert_eq!(house.store.order_count(), 1);
}
