//! Decides in memory what becomes of each change of a batch. The contract of `OrderStore::commit`
//! says which answer comes first; what is done for one change stands against the next.

use crate::job::{Answer, Job};
use crate::known::{Known, KnownFact};
use crate::plan::{Moved, Plan};
use crate::prepare::Prepared;
use order_core::domain::{Event, Order, OrderId, OrderRef};
use order_core::ports::{
    Change, Committed, Leaves, ParkedFact, RequestRecord, StoredFact, StoredRequest,
};

/// What each job of the batch becomes, in the order of the batch; what is to be written of it goes into
/// `plan`. What is no change is answered as if it were done: the adapter does it.
pub fn decide<'a>(batch: &'a [Job], known: &mut Known, plan: &mut impl Plan<'a>) -> Vec<Answer> {
    let answer = |job: &'a Job| match job {
        Job::Change(prepared) => Answer::Change(change(prepared, known, plan)),
        Job::Bury(..) => Answer::Buried(0),
        Job::Repair(_) => Answer::Repaired(false),
        Job::Probe => Answer::Probed,
    };
    batch.iter().map(answer).collect()
}

fn change<'a>(prepared: &'a Prepared, known: &mut Known, plan: &mut impl Plan<'a>) -> Committed {
    match &prepared.change {
        Change::Place { events, request } => place(prepared, events, request, known, plan),
        Change::Advance {
            expected_version,
            events,
            ..
        } => advance(prepared, *expected_version, events, known, plan),
        Change::Remember {
            order_id, version, ..
        } => remember(prepared, *order_id, *version, known, plan),
        Change::Park(parked) => park(prepared, parked, known, plan),
    }
}

fn place<'a>(
    prepared: &'a Prepared,
    events: &'a [Event],
    request: &RequestRecord,
    known: &mut Known,
    plan: &mut impl Plan<'a>,
) -> Committed {
    if let Some(stored) = known.requests.get(&request.key) {
        return Committed::RequestKnown(*stored);
    }
    let Some(order) = last_order(events) else {
        return Committed::VersionConflict;
    };
    let external_id = order.external_id.as_ref();
    if let Some(&order_id) = external_id.and_then(|id| known.externals.get(id)) {
        return Committed::ExternalIdTaken { order_id };
    }
    if known.versions.contains_key(&order.order_id) {
        return Committed::VersionConflict;
    }
    write_events(prepared, events, order, None, known, plan);
    let mut facts_waiting = known.awaited.contains(&OrderRef::Id(order.order_id));
    if facts_waiting {
        plan.parking().placed_ids.push(order.order_id);
    }
    if let Some(external_id) = external_id {
        known.externals.insert(external_id.clone(), order.order_id);
        if known
            .awaited
            .contains(&OrderRef::External(external_id.clone()))
        {
            plan.parking().placed_externals.push(external_id);
            facts_waiting = true;
        }
    }
    Committed::Done { facts_waiting }
}

fn advance<'a>(
    prepared: &'a Prepared,
    expected_version: u64,
    events: &'a [Event],
    known: &mut Known,
    plan: &mut impl Plan<'a>,
) -> Committed {
    if let Some(stored) = prepared
        .request()
        .and_then(|request| known.requests.get(&request.key))
    {
        return Committed::RequestKnown(*stored);
    }
    if let Some(stored) = blocking_fact(prepared, known) {
        return Committed::FactKnown(stored);
    }
    let Some(order) = last_order(events) else {
        return Committed::VersionConflict;
    };
    if known.versions.get(&order.order_id) != Some(&expected_version) {
        return Committed::VersionConflict;
    }
    write_events(prepared, events, order, Some(expected_version), known, plan);
    write_fact(prepared, order.order_id, order.version, known, plan);
    Committed::Done {
        facts_waiting: false,
    }
}

fn remember<'a>(
    prepared: &'a Prepared,
    order_id: OrderId,
    version: u64,
    known: &mut Known,
    plan: &mut impl Plan<'a>,
) -> Committed {
    if let Some(stored) = blocking_fact(prepared, known) {
        return Committed::FactKnown(stored);
    }
    if !known.versions.contains_key(&order_id) {
        return Committed::VersionConflict;
    }
    write_fact(prepared, order_id, version, known, plan);
    Committed::Done {
        facts_waiting: false,
    }
}

fn park<'a>(
    prepared: &'a Prepared,
    parked: &'a ParkedFact,
    known: &mut Known,
    plan: &mut impl Plan<'a>,
) -> Committed {
    let Some(key) = prepared.fact_key else {
        return Committed::VersionConflict;
    };
    if let Some(fact) = known.facts.get(&key) {
        return Committed::FactKnown(fact.stored);
    }
    let order_id = match parked.order() {
        OrderRef::Id(order_id) => known.versions.contains_key(order_id).then_some(*order_id),
        OrderRef::External(external_id) => known.externals.get(external_id).copied(),
    };
    if let Some(order_id) = order_id {
        return Committed::OrderKnown { order_id };
    }
    let stored = StoredFact {
        order: None,
        fingerprint: parked.fingerprint,
    };
    known.facts.insert(
        key,
        KnownFact {
            stored,
            kept: Leaves::Parking,
        },
    );
    known.awaited.insert(parked.order().clone());
    plan.fact(key, stored);
    plan.parking().parked.push((key, parked, &prepared.parked));
    Committed::Done {
        facts_waiting: false,
    }
}

/// Any earlier use of the fact's id, but for the place that it is about to leave.
fn blocking_fact(prepared: &Prepared, known: &Known) -> Option<StoredFact> {
    let (key, record) = prepared.fact()?;
    let fact = known.facts.get(&key)?;
    let leaves = record.leaves != Leaves::Nothing && record.leaves == fact.kept;
    (!leaves).then_some(fact.stored)
}

fn write_fact<'a>(
    prepared: &Prepared,
    order_id: OrderId,
    version: u64,
    known: &mut Known,
    plan: &mut impl Plan<'a>,
) {
    let Some((key, record)) = prepared.fact() else {
        return;
    };
    let stored = StoredFact {
        order: Some((order_id, version)),
        fingerprint: record.fingerprint,
    };
    known.facts.insert(
        key,
        KnownFact {
            stored,
            kept: Leaves::Nothing,
        },
    );
    plan.fact(key, stored);
    match record.leaves {
        Leaves::Nothing => {}
        Leaves::Parking => plan.parking().unparked.push(key),
        Leaves::DeadLetters => plan.parking().unburied.push(key),
    }
}

/// The events, the order's new version, and the request.
fn write_events<'a>(
    prepared: &'a Prepared,
    events: &'a [Event],
    order: &'a Order,
    expected_version: Option<u64>,
    known: &mut Known,
    plan: &mut impl Plan<'a>,
) {
    let request = prepared.request().copied();
    plan.moved(Moved {
        order,
        expected_version,
        events,
        bytes: &prepared.events,
        request,
    });
    known.versions.insert(order.order_id, order.version);
    if let Some(request) = request {
        known.requests.insert(request.key, stored(&request, order));
    }
}

fn stored(request: &RequestRecord, order: &Order) -> StoredRequest {
    StoredRequest {
        order_id: order.order_id,
        version: order.version,
        fingerprint: request.fingerprint,
    }
}

fn last_order(events: &[Event]) -> Option<&Order> {
    events.last().map(|event| &*event.order)
}
