//! `GET /v1/orders`: orders by filter, newest first, a page at a time.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::error::Problem;
use crate::parameters::{CacheHeaders, ListParameters};
use crate::query::Query;
use order_core::app::{OrderPage, Orders, PageRequest};
use order_core::domain::{FulfillmentStatus, PaymentStatus, State, Violations};
use order_core::ports::ListFilter;
use order_json::{OrderView, write_order};
use std::time::Duration;
use utoipa::ToSchema;

const PARAMETERS: [&str; 9] = [
    "customer_id",
    "external_id",
    "state",
    "payment_status",
    "fulfillment_status",
    "placed_after",
    "placed_before",
    "page_size",
    "page_token",
];

/// Bytes reserved for one order of a page.
const ORDER_BYTES: usize = 2_048;

/// A page of orders, newest first.
#[derive(ToSchema)]
#[schema(as = OrderPage)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Page<'a> {
    /// The orders. May be fewer than asked for even if more follow.
    orders: Vec<OrderView<'a>>,
    /// Names the next page, for the same filters; absent on the last one.
    #[schema(value_type = String, required = false)]
    next_page_token: Option<String>,
}

/// List orders.
///
/// Pages are stable: orders placed meanwhile do not shift them.
#[utoipa::path(
    get,
    path = "/v1/orders",
    operation_id = "listOrders",
    tag = "orders",
    params(ListParameters, CacheHeaders),
    responses((status = 200, description = "A page of orders", body = Page, content_type = "application/json",
        headers(
            ("Link" = String, description = "The next page, `rel=\"next\"`, where there is one"),
            ("Age" = String, description = "The answer's age in seconds, where `Cache-Control: max-age` allows one")
        )))
)]
pub(crate) async fn list(orders: &Orders, call: &Call<'_>) -> Result<Answer, Problem> {
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &PARAMETERS, &mut wrong);
    let text = |name| query.text(name).map(str::to_owned);
    let filter = ListFilter {
        customer_id: text("customer_id"),
        external_id: text("external_id"),
        state: query.one_of("state", State::ALL, State::as_str, &mut wrong),
        payment_status: query.one_of(
            "payment_status",
            PaymentStatus::ALL,
            PaymentStatus::as_str,
            &mut wrong,
        ),
        fulfillment_status: query.one_of(
            "fulfillment_status",
            FulfillmentStatus::ALL,
            FulfillmentStatus::as_str,
            &mut wrong,
        ),
        placed_after: query.time("placed_after", &mut wrong),
        placed_before: query.time("placed_before", &mut wrong),
    };
    let page_size = query.integer("page_size", &mut wrong);
    let request = PageRequest {
        filter,
        page_size,
        page_token: text("page_token"),
    };
    let page = orders.list(request).await;
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, page));
    }
    let page = page?;
    let mut answer = answer::json(write(&page));
    if let Some(token) = &page.next_page_token {
        let link = format!(
            "</v1/orders?{}>; rel=\"next\"",
            query.with("page_token", token)
        );
        answer::set(&mut answer, http::header::LINK, &link);
    }
    Ok(answer::aged(
        answer,
        call.allowed_age(),
        Duration::ZERO,
        false,
    ))
}

fn write(page: &OrderPage) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + page.orders.len() * ORDER_BYTES);
    out.extend_from_slice(b"{\"orders\":[");
    for (nth, order) in page.orders.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        write_order(order, &mut out);
    }
    out.push(b']');
    answer::write_token(&mut out, "next_page_token", page.next_page_token.as_deref());
    out.push(b'}');
    out
}
