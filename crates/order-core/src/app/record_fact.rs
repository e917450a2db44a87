//! Record a fact, once for each of its ids, whatever it says.

use super::change_order::MAX_ATTEMPTS;
use super::place_order::unexpected;
use super::{AppError, Orders};
use crate::domain::{
    Cause, Decision, Event, Fingerprint, IncomingFact, NewFact, Order, OrderId, OrderRef,
};
use crate::ports::{Change, Committed, FactRecord, Leaves, ParkedFact, StoredFact};
use std::sync::Arc;

/// What became of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactReceipt {
    /// What was done with it.
    pub outcome: FactOutcome,
    /// The order, if it is known.
    pub order_id: Option<OrderId>,
    /// The order's version after the fact was recorded.
    pub version: Option<u64>,
}

/// What was done with a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactOutcome {
    /// Recorded.
    Applied,
    /// Known before; nothing changed.
    Duplicate,
    /// Its order is not known yet: it waits.
    Parked,
    /// Recorded, and it put a hold on the order.
    Held,
}

impl FactOutcome {
    /// The public name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            FactOutcome::Applied => "APPLIED",
            FactOutcome::Duplicate => "DUPLICATE",
            FactOutcome::Parked => "PARKED",
            FactOutcome::Held => "HELD",
        }
    }
}

/// A checked fact on its way into an order.
pub(super) struct Recording {
    pub(super) fact: IncomingFact,
    pub(super) fingerprint: Fingerprint,
    pub(super) cause: Arc<Cause>,
    /// Where it was kept until now.
    pub(super) leaves: Leaves,
}

impl Orders {
    /// Records a fact. Refused only if it is not well-formed ([`NewFact::check`]), if its id was
    /// used for another fact, or if the order's ledger is full.
    pub async fn record_fact(
        &self,
        fact: NewFact,
        cause: Cause,
        validate_only: bool,
    ) -> Result<FactReceipt, AppError> {
        let fact = fact.check()?;
        let cause = Cause {
            source: Some(fact.key.source.clone()),
            id: Some(fact.key.id.clone()),
            ..cause
        };
        let recording = Recording {
            fingerprint: fact.fingerprint(),
            fact,
            cause: Arc::new(cause),
            leaves: Leaves::Nothing,
        };
        if validate_only {
            return self.preview_fact(&recording).await;
        }
        for _ in 0..MAX_ATTEMPTS {
            let recorded = match &recording.fact.order {
                OrderRef::Id(order_id) => self.record_in(*order_id, None, &recording).await?,
                OrderRef::External(external_id) => {
                    match self.store.load_external(external_id).await? {
                        Some(order) => {
                            self.record_in(order.order_id, Some(order), &recording)
                                .await?
                        }
                        None => None,
                    }
                }
            };
            if let Some(receipt) = recorded {
                return Ok(receipt);
            }
            if let Some(receipt) = self.park(&recording).await? {
                return Ok(receipt);
            }
        }
        Err(AppError::Contended {
            attempts: MAX_ATTEMPTS,
        })
    }

    /// Records a fact in this order, whose newest state was `loaded`, if it was; `None` if there is no
    /// such order.
    pub(super) async fn record_in(
        &self,
        order_id: OrderId,
        loaded: Option<Arc<Order>>,
        recording: &Recording,
    ) -> Result<Option<FactReceipt>, AppError> {
        let turn = self.turns.wait_for(order_id).await;
        let mut loaded = loaded.filter(|_| !turn.was_waited_for());
        for _ in 0..MAX_ATTEMPTS {
            let known = match loaded.take() {
                Some(order) => Some(order),
                None => self.store.load(order_id).await?,
            };
            let Some(order) = known else {
                return Ok(None);
            };
            let decision = self.decide(&order, recording)?;
            let receipt = receipt_of(&order, &decision);
            match self
                .store
                .commit(change_of(&order, decision, recording))
                .await?
            {
                Committed::Done { .. } => return Ok(Some(receipt)),
                Committed::FactKnown(stored) => {
                    return duplicate(stored, recording.fingerprint).map(Some);
                }
                Committed::VersionConflict => {}
                answer => return Err(unexpected(&answer)),
            }
        }
        Err(AppError::Contended {
            attempts: MAX_ATTEMPTS,
        })
    }

    fn decide(&self, order: &Order, recording: &Recording) -> Result<Decision, AppError> {
        let cause = Arc::clone(&recording.cause);
        Ok(order.record(recording.fact.fact.clone(), self.clock.now(), cause)?)
    }

    /// Lets the fact wait for its order; `None` if the order has come meanwhile.
    async fn park(&self, recording: &Recording) -> Result<Option<FactReceipt>, AppError> {
        let parked = ParkedFact {
            fact: recording.fact.clone(),
            fingerprint: recording.fingerprint,
            // How long it has waited is decided by the store's clock, so that is when it came.
            parked_at: self.store.now().await?,
            traceparent: recording.cause.traceparent.clone(),
            caller: recording.cause.caller.clone(),
        };
        match self.store.commit(Change::Park(parked)).await? {
            Committed::Done { .. } => Ok(Some(FactReceipt {
                outcome: FactOutcome::Parked,
                order_id: None,
                version: None,
            })),
            Committed::FactKnown(stored) => duplicate(stored, recording.fingerprint).map(Some),
            Committed::OrderKnown { .. } => Ok(None),
            answer => Err(unexpected(&answer)),
        }
    }

    async fn preview_fact(&self, recording: &Recording) -> Result<FactReceipt, AppError> {
        if let Some(stored) = self.store.find_fact(&recording.fact.key).await? {
            return duplicate(stored, recording.fingerprint);
        }
        let parked = FactReceipt {
            outcome: FactOutcome::Parked,
            order_id: None,
            version: None,
        };
        let known = match &recording.fact.order {
            OrderRef::Id(order_id) => self.store.load(*order_id).await?,
            OrderRef::External(external_id) => self.store.load_external(external_id).await?,
        };
        let Some(order) = known else {
            return Ok(parked);
        };
        let decision = self.decide(&order, recording)?;
        Ok(receipt_of(&order, &decision))
    }
}

fn receipt_of(order: &Order, decision: &Decision) -> FactReceipt {
    let outcome = match decision.events.last() {
        None => FactOutcome::Duplicate,
        Some(_) if decision.held => FactOutcome::Held,
        Some(_) => FactOutcome::Applied,
    };
    let version = decision.events.last().map_or(order.version, Event::version);
    FactReceipt {
        outcome,
        order_id: Some(order.order_id),
        version: Some(version),
    }
}

fn change_of(order: &Order, decision: Decision, recording: &Recording) -> Change {
    let fact = FactRecord {
        key: recording.fact.key.clone(),
        fingerprint: recording.fingerprint,
        leaves: recording.leaves,
    };
    if decision.events.is_empty() {
        return Change::Remember {
            order_id: order.order_id,
            version: order.version,
            fact,
        };
    }
    Change::Advance {
        expected_version: order.version,
        events: decision.events,
        request: None,
        fact: Some(fact),
    }
}

fn duplicate(stored: StoredFact, fingerprint: Fingerprint) -> Result<FactReceipt, AppError> {
    if stored.fingerprint != fingerprint {
        return Err(AppError::FactIdReused);
    }
    let (order_id, version) = stored.order.unzip();
    Ok(FactReceipt {
        outcome: FactOutcome::Duplicate,
        order_id,
        version,
    })
}
