//! `POST /v1/orders/{order_id}:cancel`: cancel the order, or units of its lines.

use crate::answer::Answer;
use crate::call::Call;
use crate::change::change;
use crate::error::Problem;
use crate::parameters::{ChangeHeaders, OrderPath, ValidateOnly};
use bytes::Bytes;
use order_core::app::Orders;
use order_json::{Cancel, OrderView};

/// Cancel an order, or units of some of its lines.
///
/// Applies to the current version; with `If-Match`, exactly to that one.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}:cancel",
    operation_id = "cancelOrder",
    tag = "orders",
    params(OrderPath, ChangeHeaders, ValidateOnly),
    request_body(content((Cancel = "application/json"))),
    responses((status = 200, description = "The order after it, or as it would be (`validate_only`)", body = OrderView, content_type = "application/json",
        headers(
            ("ETag" = String, description = "The order's version; not with `validate_only`"),
            ("Idempotency-Replayed" = String, description = "`true` where the key was used before")
        )))
)]
pub(crate) async fn cancel(
    orders: &Orders,
    call: &Call<'_>,
    body: Bytes,
) -> Result<Answer, Problem> {
    change::<Cancel, _>(call, body, |order_id, ask, options| {
        orders.cancel(order_id, ask, options)
    })
    .await
}
