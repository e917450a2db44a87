//! `BatchPlaceOrders`: place many orders, each for itself.

use crate::call::Call;
use crate::error::Problem;
use crate::place::place_one;
use futures_util::future::join_all;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_core::domain::limits::MAX_BATCH_ORDERS;
use order_proto::v1::batch_place_orders_result::Result as Outcome;
use order_proto::v1::{BatchPlaceOrdersRequest, BatchPlaceOrdersResponse, BatchPlaceOrdersResult};
use order_proto::wire;
use tonic::Response;

pub(crate) async fn batch_place(
    orders: &Orders,
    call: &Call,
    message: BatchPlaceOrdersRequest,
) -> Result<Response<BatchPlaceOrdersResponse>, Problem> {
    let count = message.requests.len();
    if !(1..=MAX_BATCH_ORDERS).contains(&count) {
        let reason = format!("must have 1 to {MAX_BATCH_ORDERS} requests");
        return Err(Problem::invalid(Violations::one("requests", reason)));
    }
    let each = message.requests.into_iter().enumerate();
    let placing = each.map(|(index, request)| async move {
        let placed = place_one(orders, call, request).await;
        placed.map_err(|problem| problem.inside(&format!("requests[{index}].")))
    });
    // All at once: they share commits.
    let outcomes = join_all(placing).await;
    // A store that is away fails a thousand orders at once: one line in the log says it.
    let mut problems = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    if let Some(problem) = problems.find(|problem| problem.is_ours()) {
        problem.log(call);
    }
    let results = outcomes.into_iter().map(|outcome| BatchPlaceOrdersResult {
        result: Some(match outcome {
            Ok(placed) => Outcome::Order(wire::order(&placed.order)),
            Err(problem) => Outcome::Status(problem.message(call)),
        }),
    });
    Ok(Response::new(BatchPlaceOrdersResponse {
        results: results.collect(),
    }))
}
