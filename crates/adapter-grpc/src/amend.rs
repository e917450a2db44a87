//! `AmendOrder`: change what may still change.

use crate::call::Call;
use crate::change::{Change, change};
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_proto::v1::{AmendOrderRequest, Order};
use order_proto::wire;
use tonic::Response;

pub(crate) async fn amend(
    orders: &Orders,
    call: &Call,
    message: AmendOrderRequest,
) -> Result<Response<Order>, Problem> {
    let mut wrong = Violations::new();
    let ask = wire::amendment(message.order, message.update_mask, &mut wrong);
    let common = Change {
        order_id: message.order_id,
        etag: message.etag,
        request_id: message.request_id,
        validate_only: message.validate_only,
        wrong,
        inside_order: true,
    };
    change(call, common, |order_id, options| {
        orders.amend(order_id, ask, options)
    })
    .await
}
