//! `POST /v1/orders/{order_id}:hold`: put a hold on the order.

use crate::answer::Answer;
use crate::call::Call;
use crate::change::change;
use crate::error::Problem;
use crate::parameters::{ChangeHeaders, OrderPath, ValidateOnly};
use bytes::Bytes;
use order_core::app::Orders;
use order_json::{Hold, OrderView};

/// Put a hold on an order.
///
/// It keeps the order from moving forward, and never keeps a fact out.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}:hold",
    operation_id = "holdOrder",
    tag = "orders",
    params(OrderPath, ChangeHeaders, ValidateOnly),
    request_body(content((Hold = "application/json"))),
    responses((status = 200, description = "The order after it, or as it would be (`validate_only`)", body = OrderView, content_type = "application/json",
        headers(
            ("ETag" = String, description = "The order's version; not with `validate_only`"),
            ("Idempotency-Replayed" = String, description = "`true` where the key was used before")
        )))
)]
pub(crate) async fn hold(orders: &Orders, call: &Call<'_>, body: Bytes) -> Result<Answer, Problem> {
    change::<Hold, _>(call, body, |order_id, ask, options| {
        orders.hold(order_id, ask, options)
    })
    .await
}
