//! Put a hold on an order.

use super::{AppError, ChangeOptions, Changed, Orders};
use crate::domain::{HoldRequest, OrderId};

impl Orders {
    /// Puts a caller's hold on the order.
    pub async fn hold(
        &self,
        order_id: OrderId,
        ask: HoldRequest,
        options: ChangeOptions,
    ) -> Result<Changed, AppError> {
        let fingerprint = ask.fingerprint(order_id);
        self.change(order_id, fingerprint, options, |order, now, cause| {
            order.hold(&ask, now, cause)
        })
        .await
    }
}
