//! Reads first pages: the newest orders of all, or of customers in turn.

use std::sync::Arc;

use bytes::Bytes;
use order_proto::v1;
use prost::Message as _;

use crate::LoadError;
use crate::drive::{Calls, Plan, drive};
use crate::line::grpc::{self, GrpcLine, framed};
use crate::line::rest::{self, RestLine};
use crate::report::Report;
use crate::target::Protocol;
use crate::template::customer;

const METHOD: &str = "/orders.v1.OrderService/ListOrders";
const PATH: &str = "/v1/orders";

/// Whose orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The newest of all.
    All,
    /// Of so many customers in turn, at least one.
    Customers(u16),
}

/// Reads first pages for the plan's time, and reports.
pub async fn run(plan: Plan, protocol: Protocol, of: Of) -> Result<Report, LoadError> {
    let measured = match protocol {
        Protocol::Grpc => drive(plan.clone(), Arc::new(GrpcPages(of))).await,
        Protocol::Rest => drive(plan.clone(), Arc::new(RestPages(of))).await,
    };
    Ok(Report::new("list", protocol, &plan, &measured?))
}

impl Of {
    fn customer(self, number: u64) -> Option<String> {
        match self {
            Self::All => None,
            Self::Customers(count) => {
                let at = number % u64::from(count.max(1));
                Some(customer(u16::try_from(at).unwrap_or_default()))
            }
        }
    }
}

struct GrpcPages(Of);

impl Calls for GrpcPages {
    type Line = GrpcLine;

    fn call(&self, number: u64) -> grpc::Call {
        let request = v1::ListOrdersRequest {
            customer_id: self.0.customer(number),
            ..v1::ListOrdersRequest::default()
        };
        grpc::Call {
            method: METHOD,
            message: framed(&request.encode_to_vec()),
        }
    }
}

struct RestPages(Of);

impl Calls for RestPages {
    type Line = RestLine;

    fn call(&self, number: u64) -> rest::Call {
        let path = match self.0.customer(number) {
            None => PATH.to_owned(),
            Some(customer) => format!("{PATH}?customer_id={customer}"),
        };
        rest::Call {
            method: "GET",
            path,
            key: None,
            body: Bytes::new(),
            success: 200,
        }
    }
}
