//! What callers were told is there; a key has one effect; a deadline is dealt with once and not early.

use super::Histories;
use crate::plan::{PlacedBy, PlannedOrder};
use crate::world::World;
use order_core::domain::{Event, EventData};
use order_core::ports::{OrderStore, RecordedEvent};
use std::sync::atomic::Ordering;

pub(super) async fn check(world: &World, histories: &Histories) {
    let told = world.told.lock().expect("not poisoned").clone();
    for told in told {
        let (order_id, version) = (told.order.order_id, told.order.version);
        let kept = world.database.load_at(order_id, version).await;
        let kept = kept.expect("the database itself does not fail");
        if kept.as_deref() != Some(&*told.order) {
            let what = if kept.is_some() {
                "is another"
            } else {
                "is not there"
            };
            let key = &told.key;
            world.wrong(
                &told.about,
                format!("version {version} was acknowledged for {key} and {what}"),
            );
        }
    }
    for planned in &world.plan.orders {
        let name = planned.name();
        let Some(history) = histories.of(&name) else {
            continue;
        };
        if planned.placed_by == PlacedBy::Nobody {
            world.wrong(&name, "was placed by nobody".to_owned());
        }
        let events: Vec<&Event> = history.iter().map(|recorded| &recorded.event).collect();
        keys(world, planned, &events);
        deadline(world, planned, history);
    }
}

/// Each command's words are its key's, so its effects can be counted.
fn keys(world: &World, planned: &PlannedOrder, events: &[&Event]) {
    let name = planned.name();
    let placed = events
        .iter()
        .filter(|event| matches!(event.data, EventData::Placed));
    if placed.count() != 1 {
        world.wrong(&name, "has not one event of placing".to_owned());
    }
    for (n, command) in planned.commands.iter().enumerate() {
        let key = format!("{}-{n}", planned.key);
        let caused = |event: &&&Event| match &event.data {
            EventData::Held(hold) => hold.reason == key,
            EventData::CancellationRequested { reason } => *reason == key,
            EventData::Amended { .. } => event.order.metadata.get("amended") == Some(&key),
            _ => false,
        };
        let effects = events.iter().filter(caused).count();
        if effects > 1 {
            world.wrong(&name, format!("{key} ({command:?}) had {effects} effects"));
        }
    }
    let holds = events.iter().filter_map(|event| match &event.data {
        EventData::Released(hold) => Some(&hold.hold_id),
        _ => None,
    });
    let mut released: Vec<&String> = holds.collect();
    let all = released.len();
    released.sort_unstable();
    released.dedup();
    // The service's own holds may come and go; a caller's is released once.
    let own = |id: &&&String| id.starts_with("hold-");
    if released.len() < all && released.iter().any(|id| own(&id)) {
        world.wrong(&name, "a hold was released twice".to_owned());
    }
}

fn deadline(world: &World, planned: &PlannedOrder, history: &[RecordedEvent]) {
    let name = planned.name();
    let events = history.iter().map(|recorded| &recorded.event);
    let expired: Vec<&Event> = events
        .clone()
        .filter(|event| matches!(event.data, EventData::Expired))
        .collect();
    world
        .counts
        .expired
        .fetch_add(expired.len() as u64, Ordering::Relaxed);
    if expired.len() > 1 {
        world.wrong(&name, format!("expired {} times", expired.len()));
    }
    let early = |event: &&&Event| planned.new.confirm_before.is_none_or(|at| event.time < at);
    if let Some(event) = expired.iter().find(early) {
        world.wrong(&name, format!("expired early, at {:?}", event.time));
    }
    let now = world.clock.now_millis();
    if let Some(event) = expired.iter().find(|event| event.time.millis() > now) {
        let what = format!("expired by a clock that is wrong, at {:?}", event.time);
        world.wrong(&name, what);
    }
    let reserved_back =
        events.filter(|event| matches!(event.data, EventData::StockReleaseDue { .. }));
    if reserved_back.count() > 1 {
        world.wrong(
            &name,
            "the release of one reservation was asked for twice".to_owned(),
        );
    }
    let last = history.last().map(|recorded| &recorded.event.order);
    let open = last.and_then(|order| order.open_deadline());
    if open.is_some_and(|deadline| deadline.millis() <= world.clock.now_millis()) {
        world.wrong(
            &name,
            "its deadline has passed and nobody dealt with it".to_owned(),
        );
    }
}
