//! `CancelOrder`: cancel the order, or units of its lines.

use crate::call::Call;
use crate::change::{Change, change};
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::{Cancellation, Violations};
use order_proto::v1::{CancelOrderRequest, Order};
use order_proto::wire;
use tonic::Response;

pub(crate) async fn cancel(
    orders: &Orders,
    call: &Call,
    message: CancelOrderRequest,
) -> Result<Response<Order>, Problem> {
    let ask = Cancellation {
        lines: wire::line_quantities(&message.lines),
        reason: message.reason,
    };
    let common = Change {
        order_id: message.order_id,
        etag: message.etag,
        request_id: message.request_id,
        validate_only: message.validate_only,
        wrong: Violations::new(),
        inside_order: false,
    };
    change(call, common, |order_id, options| {
        orders.cancel(order_id, ask, options)
    })
    .await
}
