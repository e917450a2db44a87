//! Apply facts that waited for their order; give up on those that waited too long.

use super::record_fact::Recording;
use super::{AppError, Orders};
use crate::domain::limits::PARKING_MILLIS;
use crate::domain::{Cause, OrderId};
use crate::ports::ParkedFact;
use std::sync::Arc;

/// Parked facts that one call applies, at most.
const MAX_PARKED_A_CALL: usize = 500;

impl Orders {
    /// Applies the facts that wait for this order, oldest first.
    pub(super) async fn apply_parked(&self, order_id: OrderId) -> Result<(), AppError> {
        for parked in self.store.parked_for(order_id, MAX_PARKED_A_CALL).await? {
            self.apply(order_id, parked).await?;
        }
        Ok(())
    }

    /// Applies facts whose order has come but which a crash or an outage kept waiting; answers how
    /// many. Called now and then.
    pub async fn apply_all_parked(&self) -> Result<usize, AppError> {
        let mut applied = 0;
        for (order_id, parked) in self.store.parked_ready(MAX_PARKED_A_CALL).await? {
            self.apply(order_id, parked).await?;
            applied += 1;
        }
        Ok(applied)
    }

    /// Moves facts that have waited for 72 hours to the dead letters; answers how many. Called now
    /// and then.
    pub async fn bury_parked(&self) -> Result<u64, AppError> {
        let before = self.clock.now().plus_millis(-PARKING_MILLIS);
        Ok(self.store.bury_parked(before, MAX_PARKED_A_CALL).await?)
    }

    /// Records one parked fact. One that its order cannot take stays parked, and in time goes to
    /// the dead letters; it must not keep the others waiting.
    async fn apply(&self, order_id: OrderId, parked: ParkedFact) -> Result<(), AppError> {
        let key = parked.fact.key.clone();
        let cause = Cause {
            caller: parked.caller,
            source: Some(key.source),
            id: Some(key.id),
            traceparent: parked.traceparent,
        };
        let recording = Recording {
            fact: parked.fact,
            fingerprint: parked.fingerprint,
            cause: Arc::new(cause),
            parked: true,
        };
        match self.record_in(order_id, &recording).await {
            Ok(_)
            | Err(AppError::Refused(_) | AppError::FactIdReused | AppError::Contended { .. }) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
