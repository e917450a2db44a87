//! Read one order, as fresh as the store.

use super::{AppError, Orders};
use crate::domain::{Order, OrderId};
use std::sync::Arc;

impl Orders {
    /// The order as it is now.
    pub async fn get(&self, order_id: OrderId) -> Result<Arc<Order>, AppError> {
        self.store
            .load(order_id)
            .await?
            .ok_or(AppError::NotFound(order_id))
    }
}
