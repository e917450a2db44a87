//! Calls a method that does nothing: the yardstick of reading an order. Both ends are here, and the
//! server is built as the service's own is, so that what differs is the reading.

pub mod serve;

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;

use crate::LoadError;
use crate::drive::{Calls, Plan, drive};
use crate::line::grpc::{self, GrpcLine, framed};
use crate::report::Report;
use crate::target::Protocol;

/// Takes and gives a `google.protobuf.BytesValue`.
pub(crate) const METHOD: &str = "/orders.load.v1.Echo/Echo";
/// As many as name an order.
const REQUEST_BYTES: usize = crate::ids::ID_BYTES;

/// Calls the echo for the plan's time, and reports.
pub async fn run(plan: Plan) -> Result<Report, LoadError> {
    let message: Bytes = vec![b'x'; REQUEST_BYTES].into();
    let echoes = Echoes(framed(&message.encode_to_vec()));
    let measured = drive(plan.clone(), Arc::new(echoes)).await?;
    Ok(Report::new("echo", Protocol::Grpc, &plan, &measured))
}

struct Echoes(Bytes);

impl Calls for Echoes {
    type Line = GrpcLine;

    fn call(&self, _number: u64) -> grpc::Call {
        grpc::Call {
            method: METHOD,
            message: self.0.clone(),
        }
    }
}
