//! Deal with deadlines that have passed.
//!
//! Each replica looks for itself. Two that find the same order both decide, and the version that each
//! expects lets one commit; the other finds a deadline that is dealt with. So no lease is needed.

use super::change_order::MAX_ATTEMPTS;
use super::place_order::unexpected;
use super::sweep::{Swept, sweep};
use super::{AppError, Orders};
use crate::domain::{Cause, OrderId, Timestamp};
use crate::ports::{Change, Committed};
use std::sync::Arc;

/// Orders that one call deals with, at most: as many as one commit of the stores takes.
const MAX_EXPIRED_A_CALL: usize = 500;

/// The `source` of what deadlines cause.
const DEADLINE_SOURCE: &str = "order-service/deadline";

impl Orders {
    /// Expires, or holds, orders whose deadline has passed by the store's clock: this process's own may
    /// be wrong by days. All are decided at once, so that they share loads and commits. Called now and
    /// then.
    pub async fn expire_due(&self) -> Result<Swept, AppError> {
        let due = self.store.due(MAX_EXPIRED_A_CALL).await?;
        let full = due.orders.len() == MAX_EXPIRED_A_CALL;
        let now = due.now;
        let cause = Arc::new(Cause {
            source: Some(DEADLINE_SOURCE.to_owned()),
            ..Cause::default()
        });
        let expiries = due
            .orders
            .into_iter()
            .map(|order_id| self.expire(order_id, now, Arc::clone(&cause)));
        sweep(expiries, full).await
    }

    /// Answers how many orders it moved on: none if another replica was faster.
    async fn expire(
        &self,
        order_id: OrderId,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<usize, AppError> {
        let _turn = self.turns.wait_for(order_id).await;
        for _ in 0..MAX_ATTEMPTS {
            let order = self.get(order_id).await?;
            let decision = order.expire(now, Arc::clone(&cause));
            if decision.events.is_empty() {
                return Ok(0);
            }
            let change = Change::Advance {
                expected_version: order.version,
                events: decision.events,
                request: None,
                fact: None,
            };
            match self.store.commit(change).await? {
                Committed::Done { .. } => return Ok(1),
                Committed::VersionConflict => {}
                answer => return Err(unexpected(&answer)),
            }
        }
        Err(AppError::Contended {
            attempts: MAX_ATTEMPTS,
        })
    }
}
