//! Reads orders by their ids: fresh each time, or as old as the target says.

use std::sync::Arc;

use bytes::Bytes;
use order_proto::v1;
use prost::Message as _;

use crate::LoadError;
use crate::drive::{Calls, Plan, drive};
use crate::ids::{ID_BYTES, Ids};
use crate::line::grpc::{self, GrpcLine, framed};
use crate::line::rest::{self, RestLine};
use crate::report::Report;
use crate::target::Protocol;

const METHOD: &str = "/orders.v1.OrderService/GetOrder";
const PATH: &str = "/v1/orders/";

/// Reads orders out of `ids` for the plan's time, and reports.
pub async fn run(plan: Plan, protocol: Protocol, ids: Ids) -> Result<Report, LoadError> {
    let measured = match protocol {
        Protocol::Grpc => drive(plan.clone(), Arc::new(GrpcReads(ids))).await,
        Protocol::Rest => drive(plan.clone(), Arc::new(RestReads(ids))).await,
    };
    Ok(Report::new("get", protocol, &plan, &measured?))
}

/// A framed `GetOrderRequest`.
pub(crate) fn message(id: &[u8; ID_BYTES]) -> Bytes {
    let order_id = String::from_utf8_lossy(id).into_owned();
    framed(&v1::GetOrderRequest { order_id }.encode_to_vec())
}

struct GrpcReads(Ids);

impl Calls for GrpcReads {
    type Line = GrpcLine;

    fn call(&self, number: u64) -> grpc::Call {
        grpc::Call {
            method: METHOD,
            message: message(self.0.of(number)),
        }
    }

    fn check(&self, number: u64, answer: &Bytes) -> Result<(), String> {
        holds(answer, self.0.of(number))
    }
}

struct RestReads(Ids);

impl Calls for RestReads {
    type Line = RestLine;

    fn call(&self, number: u64) -> rest::Call {
        rest::Call {
            method: "GET",
            path: format!("{PATH}{}", String::from_utf8_lossy(self.0.of(number))),
            key: None,
            body: Bytes::new(),
            success: 200,
        }
    }

    fn check(&self, number: u64, answer: &Bytes) -> Result<(), String> {
        holds(answer, self.0.of(number))
    }
}

/// Whether the answer is about this order; its id is its first field.
fn holds(answer: &[u8], id: &[u8; ID_BYTES]) -> Result<(), String> {
    if answer.windows(ID_BYTES).any(|window| window == id) {
        return Ok(());
    }
    Err(format!("no order {}", String::from_utf8_lossy(id)))
}
