//! Deal with deadlines that have passed.

use super::change_order::MAX_ATTEMPTS;
use super::place_order::unexpected;
use super::{AppError, Orders};
use crate::domain::{Cause, OrderId};
use crate::ports::{Change, Committed};
use std::sync::Arc;

/// Orders that one call deals with, at most.
const MAX_EXPIRED_A_CALL: usize = 500;

/// The `source` of what deadlines cause.
const DEADLINE_SOURCE: &str = "order-service/deadline";

impl Orders {
    /// Expires, or holds, orders whose deadline has passed; answers how many. Called now and then.
    pub async fn expire_due(&self) -> Result<usize, AppError> {
        let due = self.store.due(self.clock.now(), MAX_EXPIRED_A_CALL).await?;
        for order_id in &due {
            self.expire(*order_id).await?;
        }
        Ok(due.len())
    }

    async fn expire(&self, order_id: OrderId) -> Result<(), AppError> {
        let cause = Arc::new(Cause {
            source: Some(DEADLINE_SOURCE.to_owned()),
            ..Cause::default()
        });
        let _turn = self.turns.wait_for(order_id).await;
        for _ in 0..MAX_ATTEMPTS {
            let order = self.get(order_id).await?;
            let decision = order.expire(self.clock.now(), Arc::clone(&cause));
            if decision.events.is_empty() {
                return Ok(());
            }
            let change = Change::Advance {
                expected_version: order.version,
                events: decision.events,
                request: None,
                fact: None,
            };
            match self.store.commit(change).await? {
                Committed::Done { .. } => return Ok(()),
                Committed::VersionConflict => {}
                answer => return Err(unexpected(&answer)),
            }
        }
        Err(AppError::Contended {
            attempts: MAX_ATTEMPTS,
        })
    }
}
