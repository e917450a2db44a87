//! Makes a change ready before it is queued: what costs time and needs no database happens in the
//! caller's task, so that the one writer only moves bytes.

use crate::position::is_storable;
use order_core::domain::{Event, FactKey};
use order_core::ports::{Change, FactRecord, RequestRecord, StoreError};
use order_proto::storage::{encode_event_data, encode_order, encode_parked_fact};
use sha2::{Digest, Sha256};

/// A change with the bytes that will be stored of it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) change: Change,
    /// One for each event of the change.
    pub(crate) events: Vec<EventBytes>,
    /// The digest of its fact's id, if it has one.
    pub(crate) fact_key: Option<u128>,
    /// The whole fact, for the parking.
    pub(crate) parked: Vec<u8>,
}

/// The stored form of an event.
#[derive(Debug)]
pub(crate) struct EventBytes {
    pub(crate) data: Vec<u8>,
    pub(crate) snapshot: Vec<u8>,
}

/// What a queued change occupies beside its bytes: the decided order, its index entries, the ticket.
const OVERHEAD_BYTES: usize = 1_024;

impl Prepared {
    /// Checks what a batch relies on and encodes the rest. A change that breaks the rules of
    /// [`Change`] is a defect of whoever made it; it is refused here, where it stands alone.
    pub(crate) fn new(change: Change) -> Result<Prepared, StoreError> {
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
    pub(crate) fn weight_bytes(&self) -> usize {
        let events = self
            .events
            .iter()
            .map(|event| event.data.len() + 2 * event.snapshot.len());
        OVERHEAD_BYTES + self.parked.len() + events.sum::<usize>()
    }

    /// The idempotency key, if there is one.
    pub(crate) fn request(&self) -> Option<&RequestRecord> {
        match &self.change {
            Change::Place { request, .. } => Some(request),
            Change::Advance { request, .. } => request.as_ref(),
            Change::Remember { .. } | Change::Park(_) => None,
        }
    }

    /// The fact that is recorded by this change, with the digest of its id.
    pub(crate) fn fact(&self) -> Option<(u128, &FactRecord)> {
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
    if !is_storable(first.order.partition) {
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
pub(crate) fn fact_digest(key: &FactKey) -> u128 {
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
