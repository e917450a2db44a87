//! `ListOrderEvents`: an order's history, oldest first.

use crate::age::aged;
use crate::call::Call;
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_proto::v1::{ListOrderEventsRequest, ListOrderEventsResponse};
use order_proto::wire;
use std::time::Duration;
use tonic::Response;

pub(crate) async fn history(
    orders: &Orders,
    call: &Call,
    message: ListOrderEventsRequest,
) -> Result<Response<ListOrderEventsResponse>, Problem> {
    let mut wrong = Violations::new();
    let order_id = wire::order_id(&message.order_id, &mut wrong);
    let page_token = Some(message.page_token).filter(|token| !token.is_empty());
    let allowed = call.allowed_age(&mut wrong);
    let page = orders
        .events(order_id, Some(message.page_size.into()), page_token)
        .await;
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, page));
    }
    let page = page?;
    let message = ListOrderEventsResponse {
        events: page.events.iter().map(wire::event).collect(),
        next_page_token: page.next_page_token.unwrap_or_default(),
    };
    // A history is fresh also where the caller would take an older one.
    Ok(aged(message, allowed, Duration::ZERO, false))
}
