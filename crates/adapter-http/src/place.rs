//! `POST /v1/orders`: place an order, once for each idempotency key.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::error::Problem;
use crate::idempotency::{KEY_FIELD, required_key};
use crate::parameters::{PlaceHeaders, ValidateOnly};
use crate::query::Query;
use bytes::Bytes;
use order_core::app::{Orders, PlaceRequest};
use order_core::domain::Violations;
use order_json::{NewOrder, OrderView, parse};

/// Place an order.
///
/// The same key with the same content gives the first answer again, also after later changes.
#[utoipa::path(
    post,
    path = "/v1/orders",
    operation_id = "placeOrder",
    tag = "orders",
    params(PlaceHeaders, ValidateOnly),
    request_body(content = NewOrder, content_type = "application/json"),
    responses(
        (status = 201, description = "The order was placed, now or when the key was first used", body = OrderView, content_type = "application/json",
            headers(
                ("Location" = String, description = "The order's path"),
                ("ETag" = String, description = "The order's version"),
                ("Idempotency-Replayed" = String, description = "`true` where the key was used before")
            )),
        (status = 200, description = "What would be placed (`validate_only`); nothing was", body = OrderView, content_type = "application/json",
            headers(("Idempotency-Replayed" = String, description = "`true` where the key was used before")))
    )
)]
pub(crate) async fn place(
    orders: &Orders,
    call: &Call<'_>,
    body: Bytes,
) -> Result<Answer, Problem> {
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["validate_only"], &mut wrong);
    let validate_only = query.flag("validate_only", &mut wrong);
    let key = required_key(call.headers, &mut wrong);
    let parsed = parse::<NewOrder>(&body)?;
    drop(body);
    wrong.merge(parsed.wrong);
    let cause = call.cause(Some(&key));
    let request = PlaceRequest {
        key,
        order: parsed.value,
        cause,
        key_field: KEY_FIELD,
    };
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, orders.preview_place(request).await));
    }
    if validate_only {
        let placed = orders.preview_place(request).await?;
        return Ok(answer::replayed(
            answer::preview(&placed.order),
            placed.replayed,
        ));
    }
    let placed = orders.place(request).await?;
    let location = format!("/v1/orders/{}", placed.order.order_id);
    let answer = answer::created(answer::order(&placed.order), &location);
    Ok(answer::replayed(answer, placed.replayed))
}
