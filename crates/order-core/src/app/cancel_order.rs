//! Cancel an order, or units of its lines.

use super::{AppError, ChangeOptions, Changed, Orders};
use crate::domain::{Cancellation, OrderId};

impl Orders {
    /// Cancels what is asked for.
    pub async fn cancel(
        &self,
        order_id: OrderId,
        ask: Cancellation,
        options: ChangeOptions,
    ) -> Result<Changed, AppError> {
        let fingerprint = ask.fingerprint(order_id);
        self.change(order_id, fingerprint, options, |order, now, cause| {
            order.cancel(&ask, now, cause)
        })
        .await
    }
}
