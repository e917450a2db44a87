//! Amend an order's address, metadata or deadline.

use super::{AppError, ChangeOptions, Changed, Orders};
use crate::domain::{Amendment, OrderId};

impl Orders {
    /// Applies a merge patch.
    pub async fn amend(
        &self,
        order_id: OrderId,
        patch: Amendment,
        options: ChangeOptions,
    ) -> Result<Changed, AppError> {
        let fingerprint = patch.fingerprint(order_id);
        self.change(order_id, fingerprint, options, |order, now, cause| {
            order.amend(&patch, now, cause)
        })
        .await
    }
}
