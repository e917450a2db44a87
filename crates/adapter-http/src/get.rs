//! `GET /v1/orders/{order_id}`: one order, as fresh as the store.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::change::version_problem;
use crate::condition::{if_match, if_none_match};
use crate::error::Problem;
use crate::parameters::{OrderPath, ReadHeaders};
use crate::query::Query;
use order_core::app::{AppError, Orders};
use order_core::domain::Violations;
use order_json::OrderView;

/// Read an order.
///
/// The answer is fresh also where the caller would take an older one.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}",
    operation_id = "getOrder",
    tag = "orders",
    params(OrderPath, ReadHeaders),
    responses(
        (status = 200, description = "The order", body = OrderView, content_type = "application/json",
            headers(
                ("ETag" = String, description = "The order's version"),
                ("Age" = String, description = "The answer's age in seconds, where `Cache-Control: max-age` allows one")
            )),
        (status = 304, description = "`If-None-Match` names the order's version",
            headers(("ETag" = String, description = "The order's version")))
    )
)]
pub(crate) async fn get(orders: &Orders, call: &Call<'_>) -> Result<Answer, Problem> {
    let order_id = call.order_id()?;
    let mut wrong = Violations::new();
    Query::parse(call.query, &[], &mut wrong);
    let must_match = if_match(call.headers, &mut wrong);
    let must_not_match = if_none_match(call.headers, &mut wrong);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let order = orders.get(order_id).await?;
    if let Some(tags) = must_match.filter(|tags| !tags.match_strongly(order.version)) {
        let current = order.version;
        let mismatch = AppError::VersionMismatch { current };
        return Err(version_problem(mismatch, tags.advice()));
    }
    let age = call.allows_age();
    if must_not_match.is_some_and(|tags| tags.match_weakly(order.version)) {
        return Ok(answer::fresh(answer::not_modified(order.version), age));
    }
    Ok(answer::fresh(answer::order(&order), age))
}
