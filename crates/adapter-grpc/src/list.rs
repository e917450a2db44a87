//! `ListOrders`: orders by filter, newest first, a page at a time.

use crate::call::Call;
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_proto::v1::{ListOrdersRequest, ListOrdersResponse};
use order_proto::wire;
use tonic::Response;

pub(crate) async fn list(
    orders: &Orders,
    call: &Call,
    message: ListOrdersRequest,
) -> Result<Response<ListOrdersResponse>, Problem> {
    let mut wrong = Violations::new();
    let request = wire::page_request(message, &mut wrong);
    let page = orders.list(request).await;
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, page));
    }
    let page = page?;
    Ok(call.fresh(ListOrdersResponse {
        orders: page.orders.iter().map(|order| wire::order(order)).collect(),
        next_page_token: page.next_page_token.unwrap_or_default(),
    }))
}
