//! `GET /v1/orders/{order_id}`: one order, as fresh as the store or as old as the caller allows.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::change::version_problem;
use crate::condition::{if_match, if_none_match};
use crate::error::Problem;
use crate::parameters::{OrderPath, ReadHeaders};
use crate::query::Query;
use order_core::app::{AgedOrder, AllowedAge, AppError, Orders};
use order_core::domain::Violations;
use order_json::OrderView;

/// Read an order.
///
/// The answer is fresh, unless `Cache-Control` says how old it may be: `max-age=N` takes an answer of at
/// most that age, `stale-if-error=N` one of that age while the store is down. With `If-Match` it is always
/// fresh.
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
                ("Age" = String, description = "The answer's age in seconds, where `Cache-Control` allows one: it shows all that was acknowledged before that"),
                ("Warning" = String, description = "`110`: the store is down, and the answer older than `max-age`")
            )),
        (status = 304, description = "`If-None-Match` names the order's version",
            headers(
                ("ETag" = String, description = "The order's version"),
                ("Age" = String, description = "As with 200"),
                ("Warning" = String, description = "As with 200")
            ))
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
    let allowed = call.allowed_age();
    // Who names a version asks about the newest one.
    let allowed = must_match
        .as_ref()
        .map_or(allowed, |_| AllowedAge::default());
    let AgedOrder { order, age, stale } = orders.get_aged(order_id, allowed).await?;
    if let Some(tags) = must_match.filter(|tags| !tags.match_strongly(order.version)) {
        let current = order.version;
        let mismatch = AppError::VersionMismatch { current };
        return Err(version_problem(mismatch, tags.advice()));
    }
    let answer = if must_not_match.is_some_and(|tags| tags.match_weakly(order.version)) {
        answer::not_modified(order.version)
    } else {
        answer::order(&order)
    };
    Ok(answer::aged(answer, allowed, age, stale))
}
