//! `GetOrder`: one order, as fresh as the store or as old as the caller allows.

use crate::age::aged;
use crate::call::Call;
use crate::error::Problem;
use order_core::app::{AgedOrder, Orders};
use order_core::domain::Violations;
use order_proto::v1::{GetOrderRequest, Order};
use order_proto::wire;
use tonic::Response;

pub(crate) async fn get(
    orders: &Orders,
    call: &Call,
    message: GetOrderRequest,
) -> Result<Response<Order>, Problem> {
    let mut wrong = Violations::new();
    let order_id = wire::order_id(&message.order_id, &mut wrong);
    let allowed = call.allowed_age(&mut wrong);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let AgedOrder { order, age, stale } = orders.get_aged(order_id, allowed).await?;
    Ok(aged(wire::order(&order), allowed, age, stale))
}
