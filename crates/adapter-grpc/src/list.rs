//! `ListOrders`: orders by filter, newest first, a page at a time.

use crate::age::aged;
use crate::call::Call;
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_proto::v1::{ListOrdersRequest, ListOrdersResponse};
use order_proto::wire;
use std::time::Duration;
use tonic::Response;

pub(crate) async fn list(
    orders: &Orders,
    call: &Call,
    message: ListOrdersRequest,
) -> Result<Response<ListOrdersResponse>, Problem> {
    let mut wrong = Violations::new();
    let request = wire::page_request(message, &mut wrong);
    let allowed = call.allowed_age(&mut wrong);
    let page = orders.list(request).await;
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, page));
    }
    let page = page?;
    let message = ListOrdersResponse {
        orders: page.orders.iter().map(|order| wire::order(order)).collect(),
        next_page_token: page.next_page_token.unwrap_or_default(),
    };
    // A list is fresh also where the caller would take an older one.
    Ok(aged(message, allowed, Duration::ZERO, false))
}
