//! `POST /v1/orders/{order_id}:amend`: change what may still change.

use crate::answer::Answer;
use crate::call::Call;
use crate::change::change;
use crate::error::Problem;
use crate::parameters::{ChangeHeaders, OrderPath, ValidateOnly};
use bytes::Bytes;
use order_core::app::Orders;
use order_json::{Amend, OrderView};

/// Change the address, metadata or deadline of an order.
///
/// A JSON merge patch (RFC 7396): what is absent stays, null takes away.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}:amend",
    operation_id = "amendOrder",
    tag = "orders",
    params(OrderPath, ChangeHeaders, ValidateOnly),
    request_body(content((Amend = "application/json"), (Amend = "application/merge-patch+json"))),
    responses((status = 200, description = "The order after it, or as it would be (`validate_only`)", body = OrderView, content_type = "application/json",
        headers(
            ("ETag" = String, description = "The order's version; not with `validate_only`"),
            ("Idempotency-Replayed" = String, description = "`true` where the key was used before")
        )))
)]
pub(crate) async fn amend(
    orders: &Orders,
    call: &Call<'_>,
    body: Bytes,
) -> Result<Answer, Problem> {
    change::<Amend, _>(call, body, |order_id, ask, options| {
        orders.amend(order_id, ask, options)
    })
    .await
}
