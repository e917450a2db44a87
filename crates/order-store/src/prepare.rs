//! Makes a change ready before it is queued: what costs time and needs no database happens in the
//! caller's task, so that the one writer only moves bytes.

use crate::position::MAX_PARTITION;
use order_core::domain::{Event, FactKey, IdempotencyKey, OrderId, OrderRef};
use order_core::ports::{Change, FactRecord, RequestRecord, StoreError};
use order_proto::storage::{encode_event_data, encode_order, encode_parked_fact};
use sha2::{Digest, Sha256};

/// A change with the bytes that will be stored of it.
#[derive(Debug)]
pub struct Prepared {
    /// As it came.
    pub change: Change,
    /// One for each event of the change.
    pub events: Vec<EventBytes>,
    /// The digest of its fact's id, if it has one.
    pub fact_key: Option<u128>,
    /// The whole fact, for the parking.
    pub parked: Vec<u8>,
}

/// The stored form of an event.
#[derive(Debug)]
pub struct EventBytes {
    /// What happened.
    pub data: Vec<u8>,
    /// The whole order after it.
    pub snapshot: Vec<u8>,
}

/// By what the database is asked for what stands in the way of a change; at most one of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys<'a> {
    /// The idempotency key.
    pub request: Option<IdempotencyKey>,
    /// The digest of the fact's id.
    pub fact: Option<u128>,
    /// The order.
    pub order: Option<OrderId>,
    /// The external id that is to be given, or that a fact speaks of.
    pub external: Option<&'a str>,
}

/// What a queued change occupies beside its bytes: the decided order, its index entries, the ticket.
const OVERHEAD_BYTES: usize = 1_024;

impl Prepared {
    /// Checks what a batch relies on and encodes the rest. A change that breaks the rules of
    /// [`Change`] is a defect of whoever made it; it is refused here, where it stands alone.
    pub fn new(change: Change) -> Result<Prepared, StoreError> {
        let (events, fact_key, parked) = match &change {
            Change::Place { events, .. } => (encode_events(events, 0)?, None, Vec::new()),
            Change::Advance {
                expected_version,
                events,
                fact,
                ..
            } => {
                let key = fact.as_ref().map(|fact| fact_digest(&fact.key));
                (encode_events(events, *expected_version)?, key, Vec::new())
            }
            Change::Remember { fact, .. } => (Vec::new(), Some(fact_digest(&fact.key)), Vec::new()),
            Change::Park(parked) => (
                Vec::new(),
                Some(fact_digest(&parked.fact.key)),
                encode_parked_fact(parked),
            ),
        };
        Ok(Prepared {
            change,
            events,
            fact_key,
            parked,
        })
    }

    /// About what it occupies while it waits.
    pub fn weight_bytes(&self) -> usize {
        let events = self
            .events
            .iter()
            .map(|event| event.data.len() + 2 * event.snapshot.len());
        OVERHEAD_BYTES + self.parked.len() + events.sum::<usize>()
    }

    /// By what the database is asked about this change.
    pub fn keys(&self) -> Keys<'_> {
        let mut keys = Keys {
            request: self.request().map(|request| request.key),
            fact: self.fact_key,
            ..Keys::default()
        };
        match &self.change {
            Change::Place { events, .. } => {
                let order = events.last().map(|event| &event.order);
                keys.order = order.map(|order| order.order_id);
                keys.external = order.and_then(|order| order.external_id.as_deref());
            }
            Change::Advance { events, .. } => {
                keys.order = events.last().map(|event| event.order.order_id);
            }
            Change::Remember { order_id, .. } => keys.order = Some(*order_id),
            Change::Park(parked) => match parked.order() {
                OrderRef::Id(order_id) => keys.order = Some(*order_id),
                OrderRef::External(external_id) => keys.external = Some(external_id),
            },
        }
        keys
    }

    /// The idempotency key, if there is one.
    pub fn request(&self) -> Option<&RequestRecord> {
        match &self.change {
            Change::Place { request, .. } => Some(request),
            Change::Advance { request, .. } => request.as_ref(),
            Change::Remember { .. } | Change::Park(_) => None,
        }
    }

    /// The fact that is recorded by this change, with the digest of its id.
    pub fn fact(&self) -> Option<(u128, &FactRecord)> {
        match &self.change {
            Change::Advance { fact, .. } => self.fact_key.zip(fact.as_ref()),
            Change::Remember { fact, .. } => self.fact_key.map(|key| (key, fact)),
            Change::Place { .. } | Change::Park(_) => None,
        }
    }
}

fn encode_events(events: &[Event], before: u64) -> Result<Vec<EventBytes>, StoreError> {
    let Some(first) = events.first() else {
        return Err(defect("a change without events"));
    };
    let order_id = first.order.order_id;
    for (event, version) in events.iter().zip(before + 1..) {
        if event.version() != version || event.order.order_id != order_id {
            return Err(defect(&format!(
                "event {} where {order_id}/{version} comes next",
                event.id()
            )));
        }
    }
    if first.order.partition > MAX_PARTITION {
        return Err(defect(&format!("feed partition {}", first.order.partition)));
    }
    let bytes = |event: &Event| EventBytes {
        data: encode_event_data(&event.data),
        snapshot: encode_order(&event.order),
    };
    Ok(events.iter().map(bytes).collect())
}

fn defect(what: &str) -> StoreError {
    StoreError::Corrupt {
        detail: format!("{what} was to be stored; this is a defect of the service"),
    }
}

/// 128 bits of SHA-256 over source and id: fixed width in the index. Producers choose both, so the
/// digest has to withstand attempts at a collision; the length keeps the two apart.
pub fn fact_digest(key: &FactKey) -> u128 {
    let mut digest = Sha256::new();
    digest.update((key.source.len() as u64).to_be_bytes());
    digest.update(key.source.as_bytes());
    digest.update(key.id.as_bytes());
    let digest = digest.finalize();
    digest
        .iter()
        .take(16)
        .fold(0, |value, byte| (value << 8) | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use order_core::domain::OrderRef;
    use testkit::desk::order_of;
    use testkit::{Desk, fact, new_order};

    #[test]
    fn the_keys_are_those_that_can_stand_against_a_change() {
        let desk = Desk::new();
        let placing = Prepared::new(desk.place(new_order().external("shop-1"))).unwrap();
        let order = order_of(&placing.change);
        let keys = placing.keys();
        assert!(keys.request.is_some() && keys.fact.is_none());
        assert_eq!(keys.order, Some(order.order_id));
        assert_eq!(keys.external, Some("shop-1"));

        let fact = desk.park(OrderRef::External("shop-1".into()), fact::reserved("res-1"));
        let parking = Prepared::new(fact).unwrap();
        let keys = parking.keys();
        assert!(keys.request.is_none() && keys.fact.is_some());
        assert_eq!((keys.order, keys.external), (None, Some("shop-1")));
    }

    #[test]
    fn a_partition_that_no_token_can_speak_of_is_refused() {
        let desk = Desk::new();
        let last = Prepared::new(desk.place_in(MAX_PARTITION, new_order()));
        assert!(last.is_ok());
        let beyond = Prepared::new(desk.place_in(MAX_PARTITION + 1, new_order()));
        assert!(
            matches!(&beyond, Err(StoreError::Corrupt { detail }) if detail.contains("partition 64")),
            "{beyond:?}"
        );
    }

    #[test]
    fn source_and_id_of_a_fact_are_kept_apart() {
        let key = |source: &str, id: &str| FactKey {
            source: source.into(),
            id: id.into(),
        };
        assert_ne!(fact_digest(&key("ab", "c")), fact_digest(&key("a", "bc")));
    }
}
