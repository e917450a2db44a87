//! `POST /v1/orders/{order_id}:release`: release one of the order's holds.

use crate::answer::Answer;
use crate::call::Call;
use crate::change::change;
use crate::error::Problem;
use crate::parameters::{ChangeHeaders, OrderPath, ValidateOnly};
use bytes::Bytes;
use order_core::app::Orders;
use order_json::{OrderView, Release};

/// Release a hold of an order.
///
/// The order moves on if it was the last one.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}:release",
    operation_id = "releaseOrder",
    tag = "orders",
    params(OrderPath, ChangeHeaders, ValidateOnly),
    request_body(content((Release = "application/json"))),
    responses((status = 200, description = "The order after it, or as it would be (`validate_only`)", body = OrderView, content_type = "application/json",
        headers(
            ("ETag" = String, description = "The order's version; not with `validate_only`"),
            ("Idempotency-Replayed" = String, description = "`true` where the key was used before")
        )))
)]
pub(crate) async fn release(
    orders: &Orders,
    call: &Call<'_>,
    body: Bytes,
) -> Result<Answer, Problem> {
    change::<Release, _>(call, body, |order_id, ask, options| {
        orders.release(order_id, ask, options)
    })
    .await
}
