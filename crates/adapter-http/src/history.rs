//! `GET /v1/orders/{order_id}/events`: an order's history, oldest first.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::error::Problem;
use crate::parameters::{OrderPath, PageParameters};
use crate::query::Query;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_json::EventView;
use utoipa::ToSchema;

/// A page of an order's history, oldest event first.
#[derive(ToSchema)]
#[schema(as = EventPage)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Page<'a> {
    /// The events. May be fewer than asked for even if more follow.
    events: Vec<EventView<'a>>,
    /// Names the next page; absent on the last one.
    #[schema(value_type = String, required = false)]
    next_page_token: Option<String>,
}

/// Read an order's history.
///
/// Each event says who and what caused it, and carries the order as it was after it.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/events",
    operation_id = "listOrderEvents",
    tag = "events",
    params(OrderPath, PageParameters),
    responses((status = 200, description = "A page of events", body = Page, content_type = "application/json",
        headers(("Link" = String, description = "The next page, `rel=\"next\"`, where there is one"))))
)]
pub(crate) async fn history(orders: &Orders, call: &Call<'_>) -> Result<Answer, Problem> {
    let order_id = call.order_id()?;
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["page_size", "page_token"], &mut wrong);
    let page_size = query.integer("page_size", &mut wrong);
    let page_token = query.text("page_token").map(str::to_owned);
    let page = orders.events(order_id, page_size, page_token).await;
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, page));
    }
    let page = page?;
    let mut out = answer::events(&page.events);
    answer::write_token(&mut out, "next_page_token", page.next_page_token.as_deref());
    out.push(b'}');
    let mut answer = answer::json(out);
    if let Some(token) = &page.next_page_token {
        let link = format!(
            "</v1/orders/{order_id}/events?{}>; rel=\"next\"",
            query.with("page_token", token)
        );
        answer::set(&mut answer, http::header::LINK, &link);
    }
    Ok(answer)
}
