//! `HoldOrder`: put a hold on the order.

use crate::call::Call;
use crate::change::{Change, change};
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::{HoldRequest, Violations};
use order_proto::v1::{HoldOrderRequest, Order};
use tonic::Response;

pub(crate) async fn hold(
    orders: &Orders,
    call: &Call,
    message: HoldOrderRequest,
) -> Result<Response<Order>, Problem> {
    let ask = HoldRequest {
        kind: message.kind,
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
        orders.hold(order_id, ask, options)
    })
    .await
}
