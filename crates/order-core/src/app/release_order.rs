//! Release one of an order's holds.

use super::{AppError, ChangeOptions, Changed, Orders};
use crate::domain::{OrderId, release_fingerprint};

impl Orders {
    /// Releases the hold of this id.
    pub async fn release(
        &self,
        order_id: OrderId,
        hold_id: String,
        options: ChangeOptions,
    ) -> Result<Changed, AppError> {
        let fingerprint = release_fingerprint(order_id, &hold_id);
        self.change(order_id, fingerprint, options, |order, now, cause| {
            order.release(&hold_id, now, cause)
        })
        .await
    }
}
