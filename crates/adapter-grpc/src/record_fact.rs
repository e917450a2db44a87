//! `RecordFact`: a fact, once for each `source` and `id`.

use crate::call::Call;
use crate::error::Problem;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_proto::v1::{RecordFactRequest, RecordFactResponse};
use order_proto::wire;
use tonic::Response;

pub(crate) async fn record_fact(
    orders: &Orders,
    call: &Call,
    message: RecordFactRequest,
) -> Result<Response<RecordFactResponse>, Problem> {
    let mut wrong = Violations::new();
    let validate_only = message.validate_only;
    let fact = wire::new_fact(message, &mut wrong);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let receipt = orders
        .record_fact(fact, call.cause(None), validate_only)
        .await?;
    Ok(Response::new(wire::receipt(&receipt)))
}
