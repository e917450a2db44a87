//! Apply facts that waited for their order; give up on those that waited too long.

use super::record_fact::Recording;
use super::sweep::{Swept, sweep};
use super::{AppError, Orders};
use crate::domain::limits::PARKING_MILLIS;
use crate::domain::{Cause, OrderId};
use crate::ports::{Leaves, ParkedFact};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parked facts that one call applies, at most.
const MAX_PARKED_A_CALL: usize = 500;

impl Orders {
    /// Applies the facts that wait for this order, oldest first.
    pub(super) async fn apply_parked(&self, order_id: OrderId) -> Result<(), AppError> {
        let parked = self.store.parked_for(order_id, MAX_PARKED_A_CALL).await?;
        self.apply_to(order_id, parked).await.map(drop)
    }

    /// Applies facts whose order has come but which a crash or an outage kept waiting: those of one
    /// order one after another, those of different orders at once. Called now and then.
    pub async fn apply_all_parked(&self) -> Result<Swept, AppError> {
        let ready = self.store.parked_ready(MAX_PARKED_A_CALL).await?;
        let full = ready.len() == MAX_PARKED_A_CALL;
        let mut by_order: BTreeMap<OrderId, Vec<ParkedFact>> = BTreeMap::new();
        for (order_id, parked) in ready {
            by_order.entry(order_id).or_default().push(parked);
        }
        let orders = by_order
            .into_iter()
            .map(|(order_id, parked)| self.apply_to(order_id, parked));
        sweep(orders, full).await
    }

    /// Moves facts that have waited for 72 hours by the store's clock to the dead letters; answers how
    /// many. Called now and then.
    pub async fn bury_parked(&self) -> Result<u64, AppError> {
        let before = self.store.now().await?.plus_millis(-PARKING_MILLIS);
        Ok(self.store.bury_parked(before, MAX_PARKED_A_CALL).await?)
    }

    /// Records parked facts of one order, in their order; answers how many.
    async fn apply_to(
        &self,
        order_id: OrderId,
        parked: Vec<ParkedFact>,
    ) -> Result<usize, AppError> {
        let mut applied = 0;
        for parked in parked {
            applied += usize::from(self.apply(order_id, parked).await?);
        }
        Ok(applied)
    }

    /// Records one parked fact. One that its order cannot take stays parked, and in time goes to
    /// the dead letters; it must not keep the others waiting.
    async fn apply(&self, order_id: OrderId, parked: ParkedFact) -> Result<bool, AppError> {
        let recording = Recording::of_kept(parked, Leaves::Parking);
        match self.record_in(order_id, None, &recording).await {
            Ok(_) => Ok(true),
            Err(AppError::Refused(_) | AppError::FactIdReused | AppError::Contended { .. }) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl Recording {
    /// Of a fact that was kept until now.
    pub(super) fn of_kept(kept: ParkedFact, leaves: Leaves) -> Recording {
        let key = kept.fact.key.clone();
        let cause = Cause {
            caller: kept.caller,
            source: Some(key.source),
            id: Some(key.id),
            traceparent: kept.traceparent,
        };
        Recording {
            fact: kept.fact,
            fingerprint: kept.fingerprint,
            cause: Arc::new(cause),
            leaves,
        }
    }
}
