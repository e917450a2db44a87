//! Count what there is, within bounds.

use super::{AppError, Repairs};
use crate::ports::{Counts, Tally};

/// Counts orders by their state, holds, dead letters and parked facts. Called now and then.
pub async fn take_stock(tally: &dyn Tally, repairs: &Repairs) -> Result<Counts, AppError> {
    Ok(Counts {
        orders_by_state: tally.orders_by_state().await?,
        held_orders: tally.held_orders().await?,
        repair: repairs.kept.counts().await?,
        counted_at: repairs.orders.store.now().await?,
    })
}
