//! What is stored comes back bit for bit, however large or odd.

use super::{Store, events, loaded};
use crate::desk::{done, order_of};
use crate::samples::{ODD_TEXTS, event_of_every_kind, full_order};
use crate::{Desk, new_order};
use order_core::domain::{Amount, Event, EventData, Order, State, Timestamp};
use order_core::ports::{Change, ListFilter, ListQuery};
use std::sync::Arc;

/// Stores `order` and expects it back from every read.
async fn assert_kept(store: &Store, desk: &Desk, order: Order) {
    let order = done(&**store, desk.place_order(order)).await;
    assert_eq!(loaded(store, &order).await, order);
    assert_eq!(
        store.load_at(order.order_id, 1).await.unwrap(),
        Some(Arc::clone(&order))
    );
    let query = ListQuery {
        filter: ListFilter {
            customer_id: Some(order.customer_id.clone()),
            ..ListFilter::default()
        },
        limit: 1,
        ..ListQuery::default()
    };
    assert_eq!(store.list(&query).await.unwrap(), [Arc::clone(&order)]);
    assert_eq!(
        events(store, &order).await.last().map(|event| &event.order),
        Some(&order)
    );
}

/// An order in which every field is set is kept.
pub async fn every_field_of_an_order_is_kept(store: Store) {
    let desk = Desk::new();
    let full = full_order(&desk);
    assert_kept(&store, &desk, full).await;
}

/// An order in which everything optional is absent is kept.
pub async fn an_order_without_anything_optional_is_kept(store: Store) {
    let desk = Desk::new();
    let bare = desk.order(new_order());
    assert_kept(&store, &desk, bare).await;
}

/// An order of 1,000 lines is kept, also by the change that follows.
pub async fn a_thousand_lines_are_kept(store: Store) {
    let desk = Desk::new();
    let large = desk.order(new_order().lines(1_000).amounts(123_457, 999, 7_919));
    assert_kept(&store, &desk, large.clone()).await;
    let held = done(&*store, desk.hold(&large, "LARGE")).await;
    assert_eq!(loaded(&store, &held).await, held);
    assert_eq!(
        store.load_at(large.order_id, 1).await.unwrap().as_deref(),
        Some(&large)
    );
}

/// The largest amounts are kept.
pub async fn the_largest_amounts_are_kept(store: Store) {
    let desk = Desk::new();
    let max = Amount::MAX.minor();
    assert_kept(&store, &desk, desk.order(new_order().only_line(1, max))).await;
    assert_kept(
        &store,
        &desk,
        desk.order(new_order().only_line(1_000_000, max / 1_000_000)),
    )
    .await;
    assert_kept(
        &store,
        &desk,
        desk.order(new_order().only_line(1, 0).amounts(0, max, 0)),
    )
    .await;
    assert_kept(
        &store,
        &desk,
        desk.order(
            new_order()
                .currency("JPY")
                .only_line(1, 0)
                .amounts(0, 0, max),
        ),
    )
    .await;
}

/// Texts are kept and found to the letter, in every field that has one.
pub async fn odd_texts_are_kept(store: Store) {
    let desk = Desk::new();
    for text in ODD_TEXTS {
        let text = (*text).to_owned();
        let mut order = desk.order(new_order().external(&text).address());
        order.customer_id.clone_from(&text);
        order.lines[0].sku.clone_from(&text);
        order.lines[0].name = Some(text.clone());
        order.metadata.insert(text.clone(), text.clone());
        order.cancel_reason.clone_from(&text);
        order.acknowledged.insert(text.clone(), 1);
        order.asked.reservation_ids.insert(text.clone());
        if let Some(address) = &mut order.shipping_address {
            address.name.clone_from(&text);
            address.lines.push(text.clone());
            address.region = Some(text.clone());
        }
        let order_id = order.order_id;
        assert_kept(&store, &desk, order).await;
        let found = store.load_external(&text).await.unwrap();
        let found = found.map(|order| order.order_id);
        assert_eq!(found, Some(order_id), "{text:?}");
    }
    for text in [
        "100% of it",
        "NULL ",
        "null",
        "%",
        "\u{e9} is not \u{e9}",
        "shop",
    ] {
        assert_eq!(store.load_external(text).await, Ok(None), "{text:?}");
    }
}

/// Times are kept to the millisecond, from the first to the last.
pub async fn times_are_kept_to_the_millisecond(store: Store) {
    let desk = Desk::new();
    for time in [
        Timestamp::MAX,
        Timestamp::MAX.plus_millis(-1),
        Timestamp::default(),
        Timestamp::MIN,
    ] {
        let mut order = desk.order(new_order());
        order.confirm_before = Some(time);
        order.updated_at = time;
        assert_kept(&store, &desk, order).await;
    }
}

/// Every state is kept, in the order and in what lists filter by.
pub async fn every_state_is_kept(store: Store) {
    let desk = Desk::new();
    for &state in State::ALL {
        let mut order = desk.order(new_order());
        order.state = state;
        let order = done(&*store, desk.place_order(order)).await;
        assert_eq!(loaded(&store, &order).await, order);
        let filter = ListFilter {
            state: Some(state),
            ..ListFilter::default()
        };
        let query = ListQuery {
            filter,
            limit: 9,
            ..ListQuery::default()
        };
        assert_eq!(store.list(&query).await.unwrap(), [order], "{state}");
    }
}

/// Every kind of event is kept with its data, its time and its cause.
pub async fn every_kind_of_event_is_kept(store: Store) {
    let desk = Desk::new();
    let place = desk.place(new_order().lines(2));
    let order = order_of(&place);
    done(&*store, place).await;
    let written = event_of_every_kind(&desk, &order);
    // One change for all, then one for each: neither way may differ.
    let all = advance(order.version, written.clone());
    done(&*store, all).await;
    let mut expected = written.clone();
    let mut version = written.last().map_or(1, Event::version);
    for mut event in written {
        let mut moved = Order::clone(&event.order);
        version += 1;
        moved.version = version;
        event.order = Arc::new(moved);
        done(&*store, advance(version - 1, vec![event.clone()])).await;
        expected.push(event);
    }
    let stored = events(&store, &order).await;
    assert_eq!(stored[0].data, EventData::Placed);
    for (stored, expected) in stored[1..].iter().zip(&expected) {
        assert_eq!(stored, expected);
    }
    assert_eq!(stored.len(), expected.len() + 1);
}

fn advance(expected_version: u64, events: Vec<Event>) -> Change {
    Change::Advance {
        expected_version,
        events,
        request: None,
        fact: None,
    }
}
