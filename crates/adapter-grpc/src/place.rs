//! `PlaceOrder`: place an order, once for each `request_id`.

use crate::call::{Call, replayed};
use crate::error::Problem;
use order_core::app::{AppError, Orders, PlaceRequest, Placed};
use order_core::domain::{Refusal, Violations};
use order_proto::v1::{Order, PlaceOrderRequest};
use order_proto::wire;
use tonic::Response;

/// The idempotency key's field, as violations name it.
pub(crate) const KEY_FIELD: &str = "request_id";

/// Stands for a key that is missing while the rest of a request is examined.
const NO_KEY: &str = "none";

pub(crate) async fn place(
    orders: &Orders,
    call: &Call,
    message: PlaceOrderRequest,
) -> Result<Response<Order>, Problem> {
    let placed = place_one(orders, call, message).await?;
    Ok(replayed(wire::order(&placed.order), placed.replayed))
}

/// Places an order, or tells what would be placed.
pub(crate) async fn place_one(
    orders: &Orders,
    call: &Call,
    message: PlaceOrderRequest,
) -> Result<Placed, Problem> {
    let mut wrong = Violations::new();
    let validate_only = message.validate_only;
    let request = PlaceRequest {
        cause: call.cause(Some(&message.request_id)),
        key: required_key(message.request_id, &mut wrong),
        order: wire::new_order(message.order, &mut wrong),
        key_field: KEY_FIELD,
    };
    if !wrong.is_empty() {
        let outcome = Box::pin(orders.preview_place(request)).await;
        return Err(Problem::told(wrong, outcome.map_err(respelled)));
    }
    let outcome = if validate_only {
        Box::pin(orders.preview_place(request)).await
    } else {
        orders.place(request).await
    };
    outcome.map_err(|error| respelled(error).into())
}

fn required_key(key: String, wrong: &mut Violations) -> String {
    if key.is_empty() {
        wrong.add(
            KEY_FIELD,
            "is required: a key of your own for this order, the same when you repeat the request",
        );
        return NO_KEY.to_owned();
    }
    key
}

/// The error with the caller's own paths: everything but the key is inside the order.
fn respelled(error: AppError) -> AppError {
    match error {
        AppError::Refused(Refusal::Invalid(told)) => wire::place_violations(told, KEY_FIELD).into(),
        error => error,
    }
}
