//! `POST /v1/orders:batchPlace`: place many orders, each for itself.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::context::Context;
use crate::error::{Problem, ProblemView};
use crate::parameters::ValidateOnly;
use crate::query::Query;
use bytes::Bytes;
use futures_util::future::join_all;
use order_core::app::{AppError, Orders, PlaceRequest, Placed};
use order_core::domain::{NewOrder, Refusal, Violations};
use order_json::{BatchPlace, OrderView, Parsed, parse_batch, to_vec, write_order};
use utoipa::ToSchema;

/// The key's member, as violations name it.
const KEY_FIELD: &str = "idempotency_key";

/// Bytes reserved for one result, to let the buffer grow rarely.
const RESULT_BYTES: usize = 2_048;

/// The results of a batch, in the order of the request.
#[derive(ToSchema)]
#[schema(as = BatchResults)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Results<'a> {
    results: Vec<BatchResult<'a>>,
}

/// What became of one order of a batch: exactly one of the two.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written by hand")]
struct BatchResult<'a> {
    /// The order, placed now or when its key was first used.
    #[schema(value_type = OrderView, required = false)]
    order: OrderView<'a>,
    /// Why it was not placed.
    #[schema(value_type = ProblemView, required = false)]
    problem: ProblemView<'a>,
}

/// Place many orders.
///
/// Each order is placed or refused for itself. An empty batch, or one of more than 1,000 orders, is
/// refused as a whole.
#[utoipa::path(
    post,
    path = "/v1/orders:batchPlace",
    operation_id = "batchPlaceOrders",
    tag = "orders",
    params(ValidateOnly),
    request_body(content = BatchPlace, content_type = "application/json"),
    responses((status = 200, description = "What became of each order", body = Results, content_type = "application/json"))
)]
pub(crate) async fn batch_place(
    orders: &Orders,
    call: &Call<'_>,
    body: Bytes,
) -> Result<Answer, Problem> {
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["validate_only"], &mut wrong);
    let validate_only = query.flag("validate_only", &mut wrong);
    let parsed = parse_batch(&body)?;
    wrong.merge(parsed.wrong);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    drop(body);
    let mut good = Vec::with_capacity(parsed.value.len());
    let mut bad = Vec::new();
    for (index, item) in parsed.value.into_iter().enumerate() {
        if item.wrong.is_empty() {
            good.push((index, request(call, item.value)));
        } else {
            bad.push((index, item));
        }
    }
    let mut outcomes: Vec<(usize, Result<Placed, Problem>)> =
        Vec::with_capacity(good.len() + bad.len());
    let (indices, requests): (Vec<usize>, Vec<PlaceRequest>) = good.into_iter().unzip();
    let placed = if validate_only {
        join_all(
            requests
                .into_iter()
                .map(|request| orders.preview_place(request)),
        )
        .await
    } else {
        orders.place_batch(requests).await
    };
    let respelled = |(index, outcome): (usize, Result<Placed, AppError>)| {
        (
            index,
            outcome.map_err(|error| Problem::from(respelled(index, error))),
        )
    };
    outcomes.extend(indices.into_iter().zip(placed).map(respelled));
    for (index, item) in bad {
        outcomes.push((index, Err(examined(orders, call, index, item).await)));
    }
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    Ok(answer::json(write(&outcomes, call.context)))
}

fn request(call: &Call<'_>, (key, order): (String, NewOrder)) -> PlaceRequest {
    let cause = call.cause(Some(&key));
    PlaceRequest {
        key,
        order,
        cause,
        key_field: KEY_FIELD,
    }
}

/// Everything that is wrong with one order, the domain's findings among it.
async fn examined(
    orders: &Orders,
    call: &Call<'_>,
    index: usize,
    item: Parsed<(String, NewOrder)>,
) -> Problem {
    let outcome = orders.preview_place(request(call, item.value)).await;
    Problem::told(item.wrong, outcome.map_err(|error| respelled(index, error)))
}

/// The error with the caller's own paths: the key stands beside the order.
fn respelled(index: usize, error: AppError) -> AppError {
    let AppError::Refused(Refusal::Invalid(told)) = error else {
        return error;
    };
    if told.as_slice().iter().all(|one| one.field != KEY_FIELD) {
        return told.prefixed(&format!("orders[{index}].order.")).into();
    }
    let mut all = Violations::new();
    for one in told.as_slice() {
        let between = if one.field == KEY_FIELD { "" } else { "order." };
        all.add(
            format!("orders[{index}].{between}{}", one.field),
            one.reason.clone(),
        );
    }
    all.into()
}

fn write(outcomes: &[(usize, Result<Placed, Problem>)], context: &Context) -> Vec<u8> {
    // A store that is away fails a thousand orders at once: one line in the log says it.
    let mut problems = outcomes
        .iter()
        .filter_map(|(_, outcome)| outcome.as_ref().err());
    if let Some(problem) = problems.find(|problem| problem.status() >= 500) {
        problem.log(context);
    }
    let mut out = Vec::with_capacity(outcomes.len() * RESULT_BYTES);
    out.extend_from_slice(b"{\"results\":[");
    for (nth, (_, outcome)) in outcomes.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        match outcome {
            Ok(placed) => {
                out.extend_from_slice(b"{\"order\":");
                write_order(&placed.order, &mut out);
            }
            Err(problem) => {
                out.extend_from_slice(b"{\"problem\":");
                out.extend_from_slice(&to_vec(&problem.view(Some(context.request_id()))));
            }
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}
