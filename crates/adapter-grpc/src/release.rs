//! `ReleaseOrder`: release one of the order's holds.

use crate::call::Call;
use crate::change::{Change, change};
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_proto::v1::{Order, ReleaseOrderRequest};
use tonic::Response;

pub(crate) async fn release(
    orders: &Orders,
    call: &Call,
    message: ReleaseOrderRequest,
) -> Result<Response<Order>, Problem> {
    let mut wrong = Violations::new();
    if message.hold_id.is_empty() {
        wrong.add("hold_id", "is required: one of the order's holds");
    }
    let hold_id = message.hold_id;
    let common = Change {
        order_id: message.order_id,
        etag: message.etag,
        request_id: message.request_id,
        validate_only: message.validate_only,
        wrong,
        inside_order: false,
    };
    change(call, common, |order_id, options| {
        orders.release(order_id, hold_id, options)
    })
    .await
}
