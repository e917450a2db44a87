//! `GetOrder`: one order, as fresh as the store.

use crate::call::Call;
use crate::error::Problem;
use order_core::app::Orders;
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
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let order = orders.get(order_id).await?;
    Ok(call.fresh(wire::order(&order)))
}
